//! The people of the demo company. They are invented; their addresses end in `.example`, which nobody can own.

/// The company.
pub const COMPANY: &str = "Marigold & Wren Solar";
/// Where it calls.
pub const COUNTRY: &str = "US";
/// Its clock.
pub const ZONE: &str = "America/Chicago";
/// What its people's addresses end in.
pub const DOMAIN: &str = "marigoldwren.example";
/// Everybody signs in with it. It protects nothing: it stands here.
pub const PASSWORD: &str = "sunny-side-up";

/// One manager for each branch.
pub const MANAGERS: [(&str, &str); 3] =
    [("Nora Whitfield", "Boston"), ("Marcus Okafor", "Chicago"), ("Elena Duarte", "Denver")];

/// An agent.
#[derive(Debug, Clone, Copy)]
pub struct Agent {
    /// Their name.
    pub name: &'static str,
    /// Their branch.
    pub branch: &'static str,
    /// Their department.
    pub department: &'static str,
    /// Their lead cap.
    pub cap: i64,
    /// How much they get done, in percent of what is usual.
    pub pace: usize,
    /// How many days ago they came; none = when the company began.
    pub joined_days_ago: Option<i64>,
}

const fn agent(
    name: &'static str,
    branch: &'static str,
    department: &'static str,
    cap: i64,
    pace: usize,
) -> Agent {
    Agent { name, branch, department, cap, pace, joined_days_ago: None }
}

const fn joined(days_ago: i64, agent: Agent) -> Agent {
    Agent { joined_days_ago: Some(days_ago), ..agent }
}

/// The agents, in the order in which they came.
pub const AGENTS: [Agent; 21] = [
    agent("Abel Jimenez", "Boston", "Residential", 90, 105),
    agent("Beth Carlisle", "Chicago", "Residential", 100, 115),
    agent("Carmen Ibarra", "Denver", "Residential", 80, 80),
    agent("Dev Malhotra", "Boston", "Commercial", 60, 95),
    agent("Esther Lindqvist", "Chicago", "Commercial", 70, 120),
    agent("Farid Rahimi", "Denver", "Commercial", 60, 100),
    agent("Gina Russo", "Boston", "Residential", 90, 70),
    agent("Hollis Grant", "Chicago", "Residential", 100, 95),
    agent("Imani Brooks", "Denver", "Residential", 100, 125),
    agent("Jonas Weller", "Boston", "Financing", 75, 110),
    agent("Keiko Tanaka", "Chicago", "Financing", 75, 85),
    agent("Liam Donnelly", "Denver", "Financing", 60, 100),
    agent("Mei-Lin Chow", "Boston", "Renewals", 80, 120),
    agent("Nadia Petrov", "Chicago", "Renewals", 80, 100),
    agent("Omar Haddad", "Denver", "Renewals", 70, 90),
    agent("Paige Sutter", "Boston", "Residential", 90, 100), // banned in the third last week
    agent("Quentin Moss", "Chicago", "Residential", 0, 100), // trains the others: receives nothing automatically
    agent("Rosa Velez", "Denver", "Residential", 90, 105),
    joined(33, agent("Soren Dahl", "Boston", "Residential", 80, 110)),
    joined(26, agent("Tess Abbott", "Chicago", "Residential", 80, 90)),
    joined(13, agent("Uma Nair", "Denver", "Residential", 60, 75)),
];

/// Who was banned, and how many days ago.
pub const BANNED: (&str, i64) = ("Paige Sutter", 17);

/// `paige.sutter@…`
pub fn email(name: &str) -> String {
    format!("{}@{DOMAIN}", name.to_lowercase().replace(' ', "."))
}
