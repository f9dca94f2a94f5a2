//! The frame around a page.

use maud::{DOCTYPE, Markup, html};

use crate::assets;

use super::{
    button::Button,
    chip::avatar,
    dialog,
    icon::{Icon, icon, mark},
    notice::{Toast, Tone},
};

/// Light, dark, or as the system has it. Kept in a cookie `theme`, so that the server writes it into the first byte and
/// nothing flashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Theme {
    /// As the system has it.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

impl Theme {
    /// The word of the cookie and of the attribute.
    pub fn word(self) -> &'static str {
        match self {
            Theme::System => "system",
            Theme::Light => "light",
            Theme::Dark => "dark",
        }
    }

    /// The theme that a word names; anything else is the system's.
    pub fn from_word(word: &str) -> Theme {
        match word {
            "light" => Theme::Light,
            "dark" => Theme::Dark,
            _ => Theme::System,
        }
    }

    fn attribute(self) -> Option<&'static str> {
        (self != Theme::System).then(|| self.word())
    }
}

/// An item of the sidebar. One that the role may not use is not given.
#[derive(Debug, Clone)]
pub struct NavItem {
    /// What it says.
    pub label: String,
    /// Before the label.
    pub icon: Icon,
    /// Where it goes.
    pub href: String,
    /// Whether the page belongs to it.
    pub current: bool,
    /// A number after the label: `12`, `1,000+`.
    pub count: Option<String>,
    /// The heading of the group that begins with it.
    pub group: Option<String>,
}

/// Who is signed in, at the foot of the sidebar.
#[derive(Debug, Clone)]
pub struct UserMenu {
    /// Their name.
    pub name: String,
    /// Their role.
    pub role: String,
    /// Where the sign-out form goes.
    pub sign_out: String,
    /// Their own settings and sessions.
    pub account: Option<String>,
    /// Where the form of the theme switch goes without scripting; it carries `theme` = `system`, `light` or `dark`.
    pub theme: String,
}

/// All that stands around the main part of a page.
#[derive(Debug, Clone)]
pub struct Shell {
    /// The title of the page; the product's name is added.
    pub title: String,
    /// The company's name.
    pub company: String,
    /// The sidebar.
    pub nav: Vec<NavItem>,
    /// Who is signed in.
    pub user: UserMenu,
    /// The server's stream of events.
    pub live: Option<String>,
    /// Light, dark or the system's.
    pub theme: Theme,
    /// What the last action has to say.
    pub toasts: Vec<Toast>,
}

/// A whole page with the sidebar.
pub fn page(shell: &Shell, main: &Markup) -> Markup {
    document(
        &shell.title,
        shell.theme,
        &html! {
            body.with-sidebar data-stream=[shell.live.as_ref()] {
                a.skip href="#main" { "Skip to the content" }
                (sidebar(shell))
                main #main tabindex="-1" { (main) }
                (surroundings(&shell.toasts))
            }
        },
    )
}

/// A page without a sidebar: sign-in, first run, errors.
pub fn bare(title: &str, theme: Theme, main: &Markup) -> Markup {
    document(
        title,
        theme,
        &html! {
            body.bare {
                main #main { a.sign href="/" { (mark()) "Evenhand" } (main) }
                (surroundings(&[]))
            }
        },
    )
}

fn document(title: &str, theme: Theme, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" data-theme=[theme.attribute()] {
            head {
                meta charset="utf-8";
                title { (title) " · Evenhand" }
                meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover";
                meta name="color-scheme" content=(if theme == Theme::System { "light dark" } else { theme.word() });
                meta name="theme-color" content="#f7f7f6" media="(prefers-color-scheme: light)";
                meta name="theme-color" content="#17181a" media="(prefers-color-scheme: dark)";
                // The policy of the page allows no inline style and no eval; htmx is told not to try.
                meta name="htmx-config" content="includeIndicatorCSS:false, defaultTimeout:30000";
                link rel="stylesheet" href=(assets::href("app.css"));
                link rel="icon" type="image/svg+xml" href=(assets::href("favicon.svg"));
                link rel="manifest" href=(assets::href("evenhand.webmanifest"));
                script src=(assets::href("htmx.js")) defer {}
                script src=(assets::href("app.js")) type="module" {}
            }
            (body)
        }
    }
}

fn sidebar(shell: &Shell) -> Markup {
    html! {
        header.top {
            a.sign href="/" aria-label="Evenhand" { (mark()) }
            span.company { (shell.company) }
            (Button::quiet("Menu").only_icon(Icon::Menu).href("#sidebar"))
        }
        aside.sidebar #sidebar aria-label="Sidebar" {
            a.away href="#main" aria-label="Close the menu" {}
            div.inside {
                div.sign-line {
                    a.sign href="/" { (mark()) span { "Evenhand" small { (shell.company) } } }
                }
                nav aria-label="Main" {
                    ul {
                        @for item in &shell.nav {
                            @if let Some(group) = &item.group { li.group-name { (group) } }
                            li {
                                a href=(item.href) aria-current=[item.current.then_some("page")] {
                                    (icon(item.icon)) span { (item.label) }
                                    @if let Some(count) = &item.count { span.count { (count) } }
                                }
                            }
                        }
                    }
                }
                (user_menu(&shell.user, shell.theme))
            }
        }
    }
}

fn user_menu(user: &UserMenu, theme: Theme) -> Markup {
    let themes = [(Theme::System, Icon::Screen), (Theme::Light, Icon::Sun), (Theme::Dark, Icon::Moon)];
    html! {
        details.popover.user-menu data-popover {
            summary { (avatar(&user.name)) span.who { (user.name) small { (user.role) } } (icon(Icon::More)) }
            div.pop {
                form.theme method="post" action=(user.theme) data-theme-switch {
                    span #theme-name { "Theme" }
                    div.segmented role="group" aria-labelledby="theme-name" {
                        @for (choice, shown) in themes {
                            button name="theme" value=(choice.word()) aria-label=(choice.word()) title=(choice.word())
                                aria-pressed=(if choice == theme { "true" } else { "false" }) { (icon(shown)) }
                        }
                    }
                }
                ul.entries {
                    @if let Some(href) = &user.account { li { a.entry href=(href) { (icon(Icon::User)) "Your account" } } }
                    li.needs-script { button.entry type="button" data-opens="keyboard-help" { (icon(Icon::Keyboard)) "Keyboard" kbd { "?" } } }
                    li { form method="post" action=(user.sign_out) { button.entry { (icon(Icon::SignOut)) "Sign out" } } }
                }
            }
        }
    }
}

/// What every page has beside its content: the dialog that pages are shown in, the toasts, the words of failures.
fn surroundings(toasts: &[Toast]) -> Markup {
    html! {
        div #toasts .toasts role="status" aria-live="polite" { @for toast in toasts { (toast) } }
        dialog.dialog #dialog aria-labelledby="dialog-title" {}
        (dialog::keyboard_help())
        template #toast-offline { (Toast::new(Tone::Error, "The server does not answer. What you did last may have happened or not: look before you repeat it.")) }
        template #toast-failed { (Toast::new(Tone::Error, "That did not work, and the server could not say why. Try again, or reload the page.")) }
    }
}

/// A list with a lead beside it on wide screens; on narrow ones the lead covers the list. `panel` is
/// [`super::lead_panel::panel`], or none while no lead is open.
pub fn split(list: &Markup, panel: Option<&Markup>) -> Markup {
    html! {
        div.split {
            div.list { (list) }
            @match panel { Some(panel) => (panel), None => aside.panel #panel {} }
        }
    }
}
