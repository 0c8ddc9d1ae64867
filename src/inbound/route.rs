//! `[pure]` Whose inbox a reply goes to: the alert's owner, else their cover, else the team.

use crate::domain::At;

/// Whether somebody is there.
#[derive(Clone, Copy, Debug)]
pub struct Presence {
    /// Officer id.
    pub id: i64,
    /// On leave until then.
    pub away_until: Option<At>,
    /// The account is closed, or reads no replies any more.
    pub disabled: bool,
}

impl Presence {
    fn is_here(self, now: At) -> bool {
        !self.disabled && self.away_until.is_none_or(|until| until <= now)
    }
}

/// Where it goes and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The officer; none means the team sees it.
    pub owner_id: Option<i64>,
    /// The team.
    pub team_id: Option<i64>,
    /// Why, if not plainly the owner.
    pub reason: Option<&'static str>,
}

/// Decides.
pub fn decide(owner: Option<Presence>, cover: Option<Presence>, team_id: Option<i64>, now: At) -> Route {
    match (owner, cover) {
        (Some(owner), _) if owner.is_here(now) => Route { owner_id: Some(owner.id), team_id, reason: None },
        (Some(_), Some(cover)) if cover.is_here(now) => Route { owner_id: Some(cover.id), team_id, reason: Some("The owner is away: their cover has it") },
        // Without a team nobody would see it: then it stays with the owner, away or not.
        (Some(owner), _) if team_id.is_none() => Route { owner_id: Some(owner.id), team_id, reason: Some("The owner is away and has neither cover nor team") },
        (Some(_), _) => Route { owner_id: None, team_id, reason: Some("The owner is away: the team has it") },
        (None, _) => Route { owner_id: None, team_id, reason: Some("The alert has no owner any more: the team has it") },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owner_then_cover_then_team() {
        let now = At::from_unix_ms(1_000_000);
        let here = |id| Some(Presence { id, away_until: None, disabled: false });
        let away = |id| Some(Presence { id, away_until: Some(now.plus_ms(1)), disabled: false });
        assert_eq!(decide(here(1), here(2), Some(9), now).owner_id, Some(1));
        assert_eq!(decide(away(1), here(2), Some(9), now).owner_id, Some(2));
        assert_eq!(decide(away(1), away(2), Some(9), now).owner_id, None);
        assert_eq!(decide(away(1), None, None, now).owner_id, Some(1), "somebody must see it");
        let back = Some(Presence { id: 1, away_until: Some(now), disabled: false });
        assert_eq!(decide(back, None, Some(9), now).owner_id, Some(1));
    }
}
