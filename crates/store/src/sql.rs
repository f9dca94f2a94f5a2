//! SQL texts: constants beside the function that runs them, all of them known to the test that prepares them.

use std::borrow::Cow;

/// An SQL text with parameters `$1`, `$2` …, the same for both engines.
/// Made by [`sql!`](crate::sql!) or, where filters are appended, by [`Sql::built`].
#[derive(Debug, Clone)]
pub struct Sql(Cow<'static, str>);

impl Sql {
    #[doc(hidden)]
    pub const fn literal(text: &'static str) -> Sql {
        Sql(Cow::Borrowed(text))
    }

    /// A text put together from literals (never from values). The test that prepares every statement asks the
    /// function that builds it for its variants.
    pub fn built(text: String) -> Sql {
        Sql(Cow::Owned(text))
    }

    /// The text, before the dialect is applied.
    pub fn text(&self) -> &str {
        &self.0
    }
}

/// A statement as the test that prepares everything sees it.
#[cfg(test)]
pub struct Registered {
    /// Where it stands.
    pub name: &'static str,
    /// Its text.
    pub text: &'static str,
    /// The one engine it is for; none = both, which is the rule.
    pub only: Option<crate::dialect::Engine>,
}

/// Declares the SQL texts of a module as constants, and lists them for the test that prepares every statement on both
/// engines. `, only Sqlite` behind a text says that it is for that engine only.
#[macro_export]
macro_rules! sql {
    ($($(#[$meta:meta])* $vis:vis $name:ident = $text:expr $(, only $engine:ident)?;)+) => {
        $($(#[$meta])* $vis static $name: $crate::sql::Sql = $crate::sql::Sql::literal($text);)+

        #[cfg(test)]
        pub(crate) static STATEMENTS: &[$crate::sql::Registered] = &[$($crate::sql::Registered {
            name: concat!(module_path!(), "::", stringify!($name)),
            text: $text,
            only: $crate::sql!(@only $($engine)?),
        }),+];
    };
    (@only) => { None };
    (@only $engine:ident) => { Some($crate::dialect::Engine::$engine) };
}
