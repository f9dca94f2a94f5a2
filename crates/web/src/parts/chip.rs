//! Small marks in a line of text: status, tag, person, meter, moment.

use maud::{Markup, Render, html};

use super::icon::{Icon, icon};

/// What a status is for, as a shape, since colour alone says nothing to some.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Nobody owns it: a ring.
    Unassigned,
    /// Still work: a disc.
    Open,
    /// Finished without a sale: a bar.
    Closed,
    /// Won: a tick.
    Won,
}

/// A status as it is shown.
#[derive(Debug, Clone)]
pub struct Status {
    /// Its id, as forms carry it.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub kind: Kind,
    /// Its place in the company's list, from 0: gives an open status its colour.
    pub place: usize,
}

impl Status {
    /// The colour: grey for nobody's and for closed, green for won, one of ten for the open ones.
    fn tone(&self) -> String {
        match self.kind {
            Kind::Unassigned => "grey".to_owned(),
            Kind::Closed => "closed".to_owned(),
            Kind::Won => "won".to_owned(),
            Kind::Open => (self.place % 10).to_string(),
        }
    }

    fn shape(&self) -> &'static str {
        match self.kind {
            Kind::Unassigned => "ring",
            Kind::Open => "disc",
            Kind::Closed => "bar",
            Kind::Won => "tick",
        }
    }
}

/// A status in a line.
pub fn chip(status: &Status) -> Markup {
    html! { span.chip data-tone=(status.tone()) data-shape=(status.shape()) { i.dot {} (status.name) } }
}

/// The shape and colour of a status alone, before a name that stands beside it.
pub fn dot(status: &Status) -> Markup {
    html! { i.dot data-tone=(status.tone()) data-shape=(status.shape()) {} }
}

/// A tag.
pub fn tag(name: &str) -> Markup {
    html! { span.tag { (name) } }
}

/// The first letters of a person's names on a colour of their own.
pub fn avatar(name: &str) -> Markup {
    let mut words = name.split_whitespace();
    let first = words.next().and_then(|word| word.chars().next());
    let last = words.next_back().and_then(|word| word.chars().next());
    // The same person has the same colour everywhere: a sum over the letters, not chance.
    let tone = name.bytes().fold(7_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(u32::from(byte))) % 10;
    html! {
        span.avatar data-tone=(tone) aria-hidden="true" {
            @for letter in first.into_iter().chain(last) { @for upper in letter.to_uppercase() { (upper) } }
        }
    }
}

/// An avatar with the name beside it; `Nobody` as an empty place.
pub fn person(name: Option<&str>) -> Markup {
    html! {
        @match name {
            Some(name) => span.person { (avatar(name)) span.name { (name) } },
            None => span.person.nobody { span.avatar aria-hidden="true" {} span.name { "Nobody" } },
        }
    }
}

/// A number or an e-mail that could be wrong.
pub fn doubtful(why: &str) -> Markup {
    html! { span.badge data-tone="warning" title=(why) { (icon(Icon::Warning)) "doubtful" } }
}

/// A word in a small frame.
pub fn badge(text: &str) -> Markup {
    html! { span.badge { (text) } }
}

/// A moment: the machine's form for who reads by machine, a text for everybody, the whole date as the hint.
pub fn time(machine: &str, text: &str, hint: &str) -> Markup {
    html! { time datetime=(machine) title=(hint) { (text) } }
}

/// How full a queue is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Meter {
    /// Open leads the agent owns.
    pub held: i64,
    /// The most they may hold; none is no limit.
    pub cap: Option<i64>,
}

impl Meter {
    /// How many more there is room for; none without a cap.
    pub fn room(self) -> Option<i64> {
        self.cap.map(|cap| (cap - self.held).max(0))
    }

    /// The word that colours it and says it to who cannot see the colour.
    fn state(self) -> (&'static str, &'static str) {
        match self.cap {
            None => ("no-cap", "no cap"),
            Some(cap) if self.held > cap => ("over", "over the cap"),
            Some(0) => ("shut", "receives nothing"),
            Some(cap) if self.held == cap => ("full", "full"),
            Some(_) => ("room", ""),
        }
    }

    /// Hundredths of the bar's width.
    fn filled(self) -> i64 {
        match self.cap {
            Some(cap) if cap > 0 => (self.held * 100 / cap).clamp(0, 100),
            Some(_) => 100,
            None => 0,
        }
    }
}

impl Render for Meter {
    fn render(&self) -> Markup {
        let (state, word) = self.state();
        html! {
            span.meter data-state=(state) title=[(!word.is_empty()).then_some(word)] {
                svg viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true" {
                    rect.track width="100" height="4" {}
                    rect.fill width=(self.filled()) height="4" {}
                }
                span.numbers {
                    (self.held) span.of { "/" @match self.cap { Some(cap) => (cap), None => "∞" } }
                    @if !word.is_empty() { span.hidden { ", " (word) } }
                }
            }
        }
    }
}
