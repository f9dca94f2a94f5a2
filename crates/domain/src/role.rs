//! Roles: permissions, a scope, and whether leads may be dealt to the people who have them (R13).

use serde::{Deserialize, Serialize};

/// Which leads a role sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Every lead of the company.
    Company,
    /// The leads of the viewer's branch and department.
    Branch,
    /// Only leads the viewer owns (R14).
    Own,
}

impl Scope {
    /// Its word in the database.
    pub fn word(self) -> &'static str {
        match self {
            Scope::Company => "company",
            Scope::Branch => "branch",
            Scope::Own => "own",
        }
    }

    /// Reads its word.
    pub fn from_word(word: &str) -> Option<Scope> {
        [Scope::Company, Scope::Branch, Scope::Own].into_iter().find(|scope| scope.word() == word)
    }
}

macro_rules! permissions {
    ($($name:ident = $word:literal,)+) => {
        /// One thing a role may do: a resource and an action.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Permission {
            $(#[doc = $word] $name,)+
        }

        impl Permission {
            /// All of them, in the order of the permission matrix.
            pub const ALL: &'static [Permission] = &[$(Permission::$name),+];

            /// Its word, `resource.action`.
            pub fn word(self) -> &'static str {
                match self { $(Permission::$name => $word),+ }
            }

            /// Reads its word.
            pub fn from_word(word: &str) -> Option<Permission> {
                Permission::ALL.iter().copied().find(|permission| permission.word() == word)
            }
        }
    };
}

permissions! {
    LeadsView = "leads.view",
    LeadsAdd = "leads.add",
    LeadsEdit = "leads.edit",
    LeadsAssign = "leads.assign",
    LeadsImport = "leads.import",
    LeadsExport = "leads.export",
    LeadsConvert = "leads.convert",
    CustomersView = "customers.view",
    UsersView = "users.view",
    UsersManage = "users.manage",
    RolesManage = "roles.manage",
    LabelsManage = "labels.manage",
    SettingsManage = "settings.manage",
    RunsView = "runs.view",
    RunsStart = "runs.start",
    ReportsView = "reports.view",
}

/// What a role may do, as a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Permissions(u32);

impl Permissions {
    /// Whether this is allowed.
    pub fn allow(self, permission: Permission) -> bool {
        self.0 & (1 << permission as u32) != 0
    }
}

impl FromIterator<Permission> for Permissions {
    fn from_iter<I: IntoIterator<Item = Permission>>(permissions: I) -> Permissions {
        Permissions(permissions.into_iter().fold(0, |set, permission| set | (1 << permission as u32)))
    }
}

/// Whether a role makes an admin, whatever it is called: it manages users and roles of the whole company (R13).
pub fn is_admin(scope: Scope, permissions: &[&str]) -> bool {
    scope == Scope::Company
        && [Permission::UsersManage, Permission::RolesManage]
            .iter()
            .all(|needed| permissions.contains(&needed.word()))
}

/// A role that every company starts with.
#[derive(Debug, Clone, Copy)]
pub struct DefaultRole {
    /// Its name.
    pub name: &'static str,
    /// What it sees.
    pub scope: Scope,
    /// Whether leads may be dealt to it; by default only to Agent.
    pub receives_leads: bool,
    /// What it may do.
    pub permissions: &'static [Permission],
}

/// Company Admin, Manager and Agent (R13).
pub const DEFAULTS: [DefaultRole; 3] = [
    DefaultRole {
        name: "Company Admin",
        scope: Scope::Company,
        receives_leads: false,
        permissions: Permission::ALL,
    },
    DefaultRole {
        name: "Manager",
        scope: Scope::Branch,
        receives_leads: false,
        permissions: &[
            Permission::LeadsView,
            Permission::LeadsAdd,
            Permission::LeadsEdit,
            Permission::LeadsAssign,
            Permission::LeadsImport,
            Permission::LeadsExport,
            Permission::LeadsConvert,
            Permission::CustomersView,
            Permission::UsersView,
            Permission::RunsView,
            Permission::RunsStart,
            Permission::ReportsView,
        ],
    },
    DefaultRole {
        name: "Agent",
        scope: Scope::Own,
        receives_leads: true,
        permissions: &[
            Permission::LeadsView,
            Permission::LeadsAdd,
            Permission::LeadsEdit,
            Permission::LeadsConvert,
            Permission::CustomersView,
        ],
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r13_a_set_allows_what_is_in_it() {
        assert!(Permission::ALL.len() <= 32, "a set has a bit for each");
        let few: Permissions = [Permission::LeadsView, Permission::ReportsView].into_iter().collect();
        for permission in Permission::ALL {
            let expect = matches!(permission, Permission::LeadsView | Permission::ReportsView);
            assert_eq!(few.allow(*permission), expect, "{permission:?}");
            assert_eq!(Permission::from_word(permission.word()), Some(*permission));
        }
    }
}
