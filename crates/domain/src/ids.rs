//! Identifiers: one type each, so that a lead is never mistaken for a user.

use serde::{Deserialize, Serialize};

macro_rules! ids {
    ($($(#[$meta:meta])* $name:ident;)+) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl From<i64> for $name {
            fn from(id: i64) -> Self { $name(id) }
        }
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { self.0.fmt(f) }
        }
    )+};
}

ids! {
    /// A tenant.
    CompanyId;
    /// A person who signs in; an agent, if the role may receive leads.
    UserId;
    /// A role of a company.
    RoleId;
    /// A branch of a company.
    BranchId;
    /// A department of a company.
    DepartmentId;
    /// A lead status of a company.
    StatusId;
    /// Where leads come from.
    SourceId;
    /// A tag.
    TagId;
    /// A lead: a person to phone.
    LeadId;
    /// One import of a file.
    ImportId;
    /// One execution of a job.
    RunId;
}
