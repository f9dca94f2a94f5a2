//! The pages before somebody is in: sign-in, the choice of a company, the first run. Each goes into [`super::bare`].

use maud::{Markup, html};

use super::{
    button::Button,
    field::Field,
    icon::{Icon, icon},
    notice::{Banner, Tone},
};

/// The form of the sign-in, carrying `email`, `password` and `next`.
#[derive(Debug, Clone)]
pub struct SignIn {
    /// Where it goes.
    pub action: String,
    /// What was typed.
    pub email: String,
    /// Where to go afterwards.
    pub next: Option<String>,
    /// What was wrong; never which of the two.
    pub refused: Option<String>,
    /// Anything to know: `You were signed out.`
    pub notice: Option<String>,
}

/// The sign-in.
pub fn sign_in(form: &SignIn) -> Markup {
    html! {
        form.door method="post" action=(form.action) {
            h1 { "Sign in" }
            @if let Some(notice) = &form.notice { (Banner::new(Tone::Info, notice.as_str())) }
            @if let Some(refused) = &form.refused { (Banner::new(Tone::Error, refused.as_str())) }
            @let email = Field::email("email", "E-mail").value(&*form.email).autocomplete("username").required();
            @let password = Field::password("password", "Password").required();
            @if form.email.is_empty() { (email.autofocus()) (password) } @else { (email) (password.autofocus()) }
            @if let Some(next) = &form.next { input type="hidden" name="next" value=(next); }
            (Button::primary("Sign in"))
        }
    }
}

/// A company that an e-mail belongs to.
#[derive(Debug, Clone)]
pub struct CompanyChoice {
    /// What the form carries as `company`.
    pub value: String,
    /// Its name.
    pub name: String,
    /// What one is there: `Manager`.
    pub role: Option<String>,
}

/// The choice of a company; `hidden` is carried along.
pub fn choose_company(action: &str, companies: &[CompanyChoice], hidden: &[(String, String)]) -> Markup {
    html! {
        form.door method="post" action=(action) {
            h1 { "Which company?" }
            @for (name, value) in hidden { input type="hidden" name=(name) value=(value); }
            ul.companies {
                @for company in companies {
                    li { button name="company" value=(company.value) { span { (company.name) @if let Some(role) = &company.role { small { (role) } } } (icon(Icon::Right)) } }
                }
            }
        }
    }
}

/// The first run: `fields` are token, company, country, zone, name, e-mail, password, in their order.
pub fn first_run(action: &str, fields: &[Field], refused: Option<&str>) -> Markup {
    html! {
        form.door.wide method="post" action=(action) {
            h1 { "Set up Evenhand" }
            p { "The database is empty. Whoever started the server saw a token; with it you make the first company and its admin." }
            @if let Some(refused) = refused { (Banner::new(Tone::Error, refused)) }
            div.fields { @for field in fields { (field) } }
            (Button::primary("Create company"))
        }
    }
}

/// A page that says what went wrong and how to go on.
pub fn failure(title: &str, sentence: &str, actions: &[Button]) -> Markup {
    html! { div.door.failure { h1 { (title) } p { (sentence) } div.actions { @for action in actions { (action) } } } }
}
