//! All that differs between the two engines in SQL text. Everything else is one text for both.

/// The engine behind a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// The embedded database: one file.
    Sqlite,
    /// A PostgreSQL server.
    Postgres,
}

impl std::fmt::Display for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Engine::Sqlite => "SQLite",
            Engine::Postgres => "PostgreSQL",
        })
    }
}

/// Uncomments what is meant for this engine: `/*pg FOR UPDATE*/`, `/*sqlite WITHOUT ROWID*/`.
/// What is meant for the other stays a comment.
pub fn render(sql: &str, engine: Engine) -> std::borrow::Cow<'_, str> {
    let opening = match engine {
        Engine::Sqlite => "/*sqlite ",
        Engine::Postgres => "/*pg ",
    };
    if !sql.contains(opening) {
        return sql.into();
    }
    let mut out = String::with_capacity(sql.len());
    let mut rest = sql;
    while let Some((before, after)) = rest.split_once(opening) {
        out.push_str(before);
        let (inside, after) = after.split_once("*/").unwrap_or((after, ""));
        out.push_str(inside);
        rest = after;
    }
    out.push_str(rest);
    out.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_own_comments_are_opened() {
        let sql = "SELECT 1 /*pg FOR UPDATE*/ /*sqlite LIMIT 1*/;";
        assert_eq!(render(sql, Engine::Postgres), "SELECT 1 FOR UPDATE /*sqlite LIMIT 1*/;");
        assert_eq!(render(sql, Engine::Sqlite), "SELECT 1 /*pg FOR UPDATE*/ LIMIT 1;");
    }
}
