//! `[pure]` Which conversations an officer may see. What they may not see does not exist for them.

/// What somebody sees: their own and those of officers they stand in for, their teams', the tray; or all of the force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sight {
    /// Who looks.
    pub officer_id: i64,
    /// The team they belong to.
    pub team_id: Option<i64>,
    /// Whose conversations are theirs to deal with: themselves first, then whom they stand in for.
    pub owners: Vec<i64>,
    /// Teams whose conversations they see.
    pub teams: Vec<i64>,
    /// Every conversation of the force.
    pub force: bool,
    /// None at all: press, and administrators without leave to read.
    pub blind: bool,
}

impl Sight {
    /// Of somebody who reads no replies.
    pub const fn blind(officer_id: i64) -> Self {
        Self { officer_id, team_id: None, owners: Vec::new(), teams: Vec::new(), force: false, blind: true }
    }

    /// Of an officer with their own team's conversations only.
    pub fn of_officer(officer_id: i64, team_id: Option<i64>) -> Self {
        Self { officer_id, team_id, owners: vec![officer_id], teams: team_id.into_iter().collect(), force: false, blind: false }
    }

    /// Whether a conversation of this alert (none: the tray), owner and team is theirs to see.
    pub fn sees(&self, alert_id: Option<i64>, owner_id: Option<i64>, team_id: Option<i64>) -> bool {
        !self.blind
            && (self.force
                || alert_id.is_none()
                || owner_id.is_some_and(|owner| self.owners.contains(&owner))
                || team_id.is_some_and(|team| self.teams.contains(&team)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_theirs_does_not_exist() {
        let own = Sight { owners: vec![1, 2], teams: vec![7], ..Sight::of_officer(1, Some(7)) };
        for (alert, owner, team, sees) in [
            (Some(9), Some(1), None, true),
            (Some(9), Some(2), Some(8), true),
            (Some(9), Some(3), Some(7), true),
            (None, None, None, true),
            (Some(9), Some(3), Some(8), false),
            (Some(9), None, None, false),
        ] {
            assert_eq!(own.sees(alert, owner, team), sees, "{alert:?} {owner:?} {team:?}");
            assert!(!Sight::blind(1).sees(alert, owner, team));
            assert!(Sight { force: true, ..own.clone() }.sees(alert, owner, team));
        }
    }
}
