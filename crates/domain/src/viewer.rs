//! Who looks: the scope that every query of leads carries (R13–R16).

use crate::{
    ids::{BranchId, DepartmentId, UserId},
    role::Scope,
};

/// Who asks, and what they may see. Every read of leads takes one, so that none can forget it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Viewer {
    /// The operator at the command line, or the product itself: every lead of the company.
    Operator,
    /// A user with their role's scope.
    User {
        /// Who.
        id: UserId,
        /// What the role sees.
        scope: Scope,
        /// The user's branch.
        branch: Option<BranchId>,
        /// The user's department.
        department: Option<DepartmentId>,
    },
}

/// What a viewer sees, as the store asks it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sight {
    /// Every lead.
    All,
    /// Leads that carry the branch or are owned inside it, and likewise for the department.
    /// Leads without an owner and without the label are seen too: somebody has to deal them out.
    Labels {
        /// The viewer's branch.
        branch: Option<BranchId>,
        /// The viewer's department.
        department: Option<DepartmentId>,
    },
    /// Only what this user owns.
    OwnedBy(UserId),
}

/// What decides who may see a lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LeadPlace {
    /// Its owner.
    pub owner: Option<UserId>,
    /// The branch it carries.
    pub branch: Option<BranchId>,
    /// The department it carries.
    pub department: Option<DepartmentId>,
    /// The owner's branch.
    pub owner_branch: Option<BranchId>,
    /// The owner's department.
    pub owner_department: Option<DepartmentId>,
}

impl Sight {
    /// Whether a lead is seen: what the store's lists ask in SQL, for a lead that is at hand.
    pub fn sees(self, lead: &LeadPlace) -> bool {
        fn inside<T: PartialEq + Copy>(
            label: Option<T>,
            lead: Option<T>,
            owner: Option<T>,
            owned: bool,
        ) -> bool {
            label.is_none() || label == lead || label == owner || (lead.is_none() && !owned)
        }
        match self {
            Sight::All => true,
            Sight::OwnedBy(user) => lead.owner == Some(user),
            Sight::Labels { branch, department } => {
                let owned = lead.owner.is_some();
                inside(branch, lead.branch, lead.owner_branch, owned)
                    && inside(department, lead.department, lead.owner_department, owned)
            }
        }
    }
}

impl Viewer {
    /// What the viewer sees. A viewer with scope branch but without branch and department sees all (R15's reading).
    pub fn sight(self) -> Sight {
        match self {
            Viewer::Operator
            | Viewer::User { scope: Scope::Company, .. }
            | Viewer::User { scope: Scope::Branch, branch: None, department: None, .. } => Sight::All,
            Viewer::User { scope: Scope::Branch, branch, department, .. } => {
                Sight::Labels { branch, department }
            }
            Viewer::User { scope: Scope::Own, id, .. } => Sight::OwnedBy(id),
        }
    }

    /// The user who acts, for the timeline; none for the command line.
    pub fn actor(self) -> Option<UserId> {
        match self {
            Viewer::Operator => None,
            Viewer::User { id, .. } => Some(id),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r14_who_sees_which_lead() {
        let (here, there) = (Some(BranchId(1)), Some(BranchId(2)));
        let (sales, care) = (Some(DepartmentId(1)), Some(DepartmentId(2)));
        let (ann, bob) = (Some(UserId(1)), Some(UserId(2)));
        let nobodys = LeadPlace::default();
        let anns = LeadPlace { owner: ann, owner_branch: here, owner_department: sales, ..nobodys };
        let bobs = LeadPlace { owner: bob, owner_branch: there, owner_department: care, ..nobodys };
        let bobs_from_here = LeadPlace { branch: here, department: sales, ..bobs };
        let from_there = LeadPlace { branch: there, ..nobodys };
        let for_care = LeadPlace { department: care, ..nobodys };
        let all = [nobodys, anns, bobs, bobs_from_here, from_there, for_care];
        for (sight, expect) in [
            (Sight::All, [true; 6]),
            (Sight::OwnedBy(UserId(1)), [false, true, false, false, false, false]),
            (Sight::Labels { branch: here, department: None }, [true, true, false, true, false, true]),
            (Sight::Labels { branch: None, department: sales }, [true, true, false, true, true, false]),
            (Sight::Labels { branch: here, department: sales }, [true, true, false, true, false, false]),
        ] {
            assert_eq!(all.map(|lead| sight.sees(&lead)), expect, "{sight:?}");
        }
    }
}
