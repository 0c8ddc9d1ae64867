//! The 72-hour clock: who is told, and when, that a person waits for an answer; pauses; and who has an urgent reply.
//!
//! The clock runs from the first message of a person that no officer has answered; machines' mail neither starts nor stops
//! it. After 24 hours the owner is told, after 48 the team, after 66 the supervisor; nobody who is away is asked, their cover
//! is. An urgent reply is told to its owner at once, and to the duty desk if nobody has taken it up in two minutes.

use std::collections::BTreeSet;

use diesel::QueryResult;

use super::{changed, event, sight};
use crate::app::App;
use crate::audit::{self, Actor};
use crate::domain::delivery::Purpose;
use crate::domain::officer::Role;
use crate::domain::{Address, At};
use crate::outbound::enqueue::{self, Single};
use crate::store::accounts::{self, OfficerRow, TeamRow};
use crate::store::conversations::{self, ConversationRow};
use crate::store::nudges::{self, NudgeRow};
use crate::store::pauses::{self, PauseRow};
use crate::store::{Conn, alerts, places, urgencies};

const HOUR_MS: i64 = 3_600_000;
/// An urgent reply that nobody has taken up in this time is the duty desk's.
const DESK_MS: i64 = 120_000;
/// Conversations dealt with in one step.
const BATCH: i64 = 200;

/// How long somebody has waited when whom is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// The owner.
    Hours24,
    /// The team as well.
    Hours48,
    /// The supervisor as well.
    Hours66,
    /// The promise is broken: everybody above.
    Overdue,
    /// Urgent: the owner, at once.
    Urgent,
    /// Urgent and nobody took it up: the duty desk.
    Desk,
}

impl Level {
    const CLOCK: [Self; 4] = [Self::Hours24, Self::Hours48, Self::Hours66, Self::Overdue];

    /// The word under which it is told.
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Hours24 => "waiting_24",
            Self::Hours48 => "waiting_48",
            Self::Hours66 => "waiting_66",
            Self::Overdue => "overdue",
            Self::Urgent => "urgent",
            Self::Desk => "desk",
        }
    }

    const fn before_due_ms(self) -> i64 {
        match self {
            Self::Hours24 => 48 * HOUR_MS,
            Self::Hours48 => 24 * HOUR_MS,
            Self::Hours66 => 6 * HOUR_MS,
            Self::Overdue | Self::Urgent | Self::Desk => 0,
        }
    }

    fn sentence(self, about: &str) -> String {
        match self {
            Self::Hours24 => format!("A reply {about} has waited for an answer for 24 hours"),
            Self::Hours48 => format!("A reply {about} has waited for an answer for 48 hours: 24 are left"),
            Self::Hours66 => format!("A reply {about} has waited for an answer for 66 hours: 6 are left"),
            Self::Overdue => format!("A reply {about} was not answered within 72 hours"),
            Self::Urgent => format!("Life may be at risk: a reply {about} needs somebody now"),
            Self::Desk => format!("Life may be at risk, and nobody has taken up a reply {about} for two minutes"),
        }
    }
}

/// Everybody who could be told.
pub struct Staff {
    officers: Vec<OfficerRow>,
    teams: Vec<TeamRow>,
    parents: Vec<(i64, Option<i64>)>,
    now: At,
}

impl Staff {
    async fn read(conn: &mut Conn, now: At) -> QueryResult<Self> {
        let officers = accounts::list_officers(conn).await?;
        Ok(Self { officers, teams: accounts::list_teams(conn).await?, parents: places::list_parents(conn).await?, now })
    }

    fn is_here(&self, officer: &OfficerRow) -> bool {
        officer.disabled_at.is_none() && officer.away_until.is_none_or(|until| until <= self.now)
    }

    /// Whoever acts for an officer: themselves, else their cover, as far as they are here and read replies.
    fn acts_for(&self, officer: &OfficerRow) -> Option<i64> {
        let can = |officer: &&OfficerRow| self.is_here(officer) && officer.reads_replies();
        let cover = || self.officers.iter().find(|other| Some(other.id) == officer.cover_id);
        Some(officer).filter(can).or_else(|| cover().filter(can)).map(|officer| officer.id)
    }

    fn with_role(&self, role: Role, team_id: Option<i64>) -> Vec<i64> {
        let reaches = |officer: &OfficerRow| match (officer.team_id, team_id) {
            // Without a team a duty desk watches over the whole force.
            (None, _) => role == Role::DutyDesk || team_id.is_none(),
            (Some(_), None) => true,
            (Some(_), Some(team)) => sight::reach(officer.team_id, &self.teams, &self.parents).contains(&team),
        };
        let of_role = self.officers.iter().filter(|officer| officer.role == role.as_str() && reaches(officer));
        // An administrator who reads no replies is the very last to be told: somebody must know.
        of_role.filter_map(|officer| self.acts_for(officer).or_else(|| (role == Role::Admin && self.is_here(officer)).then_some(officer.id))).collect()
    }

    fn team(&self, team_id: Option<i64>) -> Vec<i64> {
        let in_team = |officer: &&OfficerRow| team_id.is_some() && officer.team_id == team_id && officer.reads_replies();
        self.officers.iter().filter(in_team).filter_map(|officer| self.acts_for(officer)).collect()
    }

    /// The owner, else who stands in for them.
    fn acting(&self, owner_id: Option<i64>) -> Option<i64> {
        let owner = owner_id.and_then(|id| self.officers.iter().find(|officer| officer.id == id))?;
        self.acts_for(owner)
    }

    /// Whom a level is told to: never nobody while there is anybody.
    pub fn whom(&self, level: Level, owner_id: Option<i64>, team_id: Option<i64>) -> Vec<i64> {
        let mut whom: Vec<i64> = match level {
            Level::Urgent | Level::Hours24 => self.acting(owner_id).into_iter().collect(),
            Level::Hours48 => self.acting(owner_id).into_iter().chain(self.team(team_id)).collect(),
            Level::Hours66 | Level::Overdue => {
                self.acting(owner_id).into_iter().chain(self.team(team_id)).chain(self.with_role(Role::Supervisor, team_id)).collect()
            }
            Level::Desk => {
                let desk = self.with_role(Role::DutyDesk, team_id);
                let desk = if desk.is_empty() { self.with_role(Role::Supervisor, team_id) } else { desk };
                self.team(team_id).into_iter().chain(desk).collect()
            }
        };
        if whom.is_empty() {
            whom = self.team(team_id);
        }
        if whom.is_empty() {
            whom = self.with_role(Role::DutyDesk, team_id);
        }
        for last in [Role::Supervisor, Role::Officer, Role::Admin] {
            if whom.is_empty() {
                whom.extend(self.with_role(last, None));
            }
        }
        whom.sort_unstable();
        whom.dedup();
        whom
    }
}

/// Tells whoever must be told; gives whether there may be more to tell.
pub async fn run_once(app: &App) -> QueryResult<bool> {
    let now = app.now();
    // The writer is for those who write: mostly there is nothing to tell.
    if !is_anything_due(&mut app.read().await?, now).await? {
        return Ok(false);
    }
    let mut conn = app.write().await?;
    let told = conn
        .transaction(async |conn| {
            let mut told = Vec::new();
            let urgent = nudges::list_untold(conn, BATCH).await?;
            let left = nudges::list_unacknowledged(conn, now.plus_ms(-DESK_MS), BATCH).await?;
            let mut due = Vec::new();
            for level in Level::CLOCK {
                for conversation in nudges::list_due(conn, level.kind(), now.plus_ms(level.before_due_ms()), BATCH).await? {
                    due.push((level, conversation));
                }
            }
            if urgent.is_empty() && left.is_empty() && due.is_empty() {
                return Ok::<_, diesel::result::Error>(told);
            }
            let staff = Staff::read(conn, now).await?;
            for one in urgent {
                let conversation = conversations::get(conn, one.id).await?;
                told.extend(tell(conn, app, &staff, Level::Urgent, &conversation, one.raised_at).await?);
            }
            for one in left {
                let conversation = conversations::get(conn, one.id).await?;
                told.extend(tell(conn, app, &staff, Level::Desk, &conversation, one.raised_at).await?);
                urgencies::set_desk_told(conn, one.id, now).await?;
            }
            for (level, conversation) in due {
                let since = conversation.waiting_since.unwrap_or(conversation.created_at);
                told.extend(tell(conn, app, &staff, level, &conversation, since).await?);
            }
            Ok(told)
        })
        .await?;
    drop(conn);
    if told.is_empty() {
        return Ok(false);
    }
    app.wake().outbox();
    for id in told {
        changed(app, id).await?;
    }
    Ok(true)
}

async fn is_anything_due(conn: &mut Conn, now: At) -> QueryResult<bool> {
    if !nudges::list_untold(conn, 1).await?.is_empty() || !nudges::list_unacknowledged(conn, now.plus_ms(-DESK_MS), 1).await?.is_empty() {
        return Ok(true);
    }
    for level in Level::CLOCK {
        if !nudges::list_due(conn, level.kind(), now.plus_ms(level.before_due_ms()), 1).await?.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}

async fn tell(conn: &mut Conn, app: &App, staff: &Staff, level: Level, conversation: &ConversationRow, moment: At) -> QueryResult<Option<i64>> {
    let about = match conversation.alert_id {
        Some(id) => format!("to {}", alerts::get(conn, id).await?.reference),
        None => "in the tray".to_owned(),
    };
    let detail = level.sentence(&about);
    let nudge = |officer_id: i64| NudgeRow {
        id: app.next_id(),
        officer_id,
        conversation_id: conversation.id,
        kind: level.kind().to_owned(),
        detail: detail.clone(),
        for_moment: moment,
        created_at: staff.now,
        seen_at: None,
    };
    let rows = staff.whom(level, conversation.owner_id, conversation.team_id).into_iter().map(nudge).collect();
    let fresh = nudges::insert(conn, rows).await?;
    for row in &fresh {
        mail(conn, app, staff, row, conversation).await?;
    }
    Ok((!fresh.is_empty()).then_some(conversation.id))
}

/// The same by mail, with a link and nothing that the public wrote.
async fn mail(conn: &mut Conn, app: &App, staff: &Staff, nudge: &NudgeRow, conversation: &ConversationRow) -> QueryResult<()> {
    let Some(officer) = staff.officers.iter().find(|officer| officer.id == nudge.officer_id) else { return Ok(()) };
    let single = Single {
        purpose: Purpose::Nudge,
        source_id: nudge.id,
        to: Address::from_stored("email", &officer.email),
        from: None,
        channel: None,
        subject: Some(nudge.detail.clone()),
        body: format!(
            "{}.\n\nOpen it: {}\n\nThis message was sent by {} because of your role there. What residents wrote is never in it.\n",
            nudge.detail,
            app.url(&format!("/inbox/{}", conversation.public_id)),
            app.config().branding.name
        ),
        alert_id: None,
        conversation_id: None,
        in_reply_to: None,
        references: Vec::new(),
    };
    // Without a mail channel the page tells it alone.
    enqueue::enqueue(conn, app, single).await.map(|_| ())
}

/// Stops the clock for a reason; gives whether it ran.
pub async fn pause(app: &App, conversation_id: i64, reason: &str, actor: &Actor) -> QueryResult<bool> {
    let now = app.now();
    let mut conn = app.write().await?;
    let paused = conn
        .transaction(async |conn| {
            let row = PauseRow { id: app.next_id(), conversation_id, officer_id: actor.officer_id(), reason: reason.to_owned(), began_at: now, ended_at: None };
            if !pauses::begin(conn, &row).await? {
                return Ok::<_, diesel::result::Error>(false);
            }
            event(conn, app, conversation_id, actor, "paused", &format!("The clock was stopped ({reason})")).await?;
            audit::note(conn, app.ids(), now, actor, "conversation.pause", ("conversation", Some(conversation_id)), serde_json::json!({})).await?;
            Ok(true)
        })
        .await?;
    drop(conn);
    changed(app, conversation_id).await?;
    Ok(paused)
}

/// Lets the clock run on; gives whether it stood.
pub async fn resume(app: &App, conversation_id: i64, actor: &Actor) -> QueryResult<bool> {
    let now = app.now();
    let mut conn = app.write().await?;
    let ran = conn
        .transaction(async |conn| {
            if !pauses::end(conn, conversation_id, now).await? {
                return Ok::<_, diesel::result::Error>(false);
            }
            event(conn, app, conversation_id, actor, "resumed", "The clock runs again").await?;
            audit::note(conn, app.ids(), now, actor, "conversation.resume", ("conversation", Some(conversation_id)), serde_json::json!({})).await?;
            Ok(true)
        })
        .await?;
    drop(conn);
    changed(app, conversation_id).await?;
    Ok(ran)
}

/// "I have it": an urgent conversation is taken up. Gives whether it was waiting for that.
pub async fn take_up(app: &App, conversation_id: i64, actor: &Actor) -> QueryResult<bool> {
    let mut conn = app.write().await?;
    let taken = conn.transaction(async |conn| take_up_in(conn, app, conversation_id, actor).await).await?;
    drop(conn);
    changed(app, conversation_id).await?;
    Ok(taken)
}

/// The same within a transaction: whoever answers, closes or hands over has taken it up.
pub(super) async fn take_up_in(conn: &mut Conn, app: &App, conversation_id: i64, actor: &Actor) -> QueryResult<bool> {
    if !urgencies::acknowledge(conn, conversation_id, actor.officer_id(), app.now()).await? {
        return Ok(false);
    }
    event(conn, app, conversation_id, actor, "taken_up", "Taken up").await?;
    audit::note(conn, app.ids(), app.now(), actor, "conversation.take_up", ("conversation", Some(conversation_id)), serde_json::json!({})).await?;
    Ok(true)
}

/// Of alike things that an officer is told of one conversation, the first alone: that nobody has taken it up says already that
/// it needs somebody, and that 48 hours are over that 24 are.
pub fn once_each(told: Vec<(NudgeRow, ConversationRow)>) -> Vec<(NudgeRow, ConversationRow)> {
    let sort = |kind: &str| match kind {
        "urgent" | "desk" => 0,
        "waiting_24" | "waiting_48" | "waiting_66" | "overdue" => 1,
        _ => 2,
    };
    let mut known = BTreeSet::new();
    told.into_iter().filter(|(nudge, _)| known.insert((nudge.conversation_id, sort(&nudge.kind)))).collect()
}

/// How the clock stands, for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hand {
    /// Nobody waits.
    Still,
    /// Stopped for a reason.
    Paused,
    /// So many whole hours are left.
    Left(i64),
    /// Broken for so many hours.
    Over(i64),
}

/// Reads the clock of a conversation.
pub fn hand(open: bool, due_at: Option<At>, paused_at: Option<At>, now: At) -> Hand {
    match (open, due_at, paused_at) {
        (true, _, Some(_)) => Hand::Paused,
        (true, Some(due_at), None) if due_at > now => Hand::Left(due_at.since_ms(now) / HOUR_MS),
        (true, Some(due_at), None) => Hand::Over(now.since_ms(due_at) / HOUR_MS),
        _ => Hand::Still,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn officer(id: i64, role: Role, team_id: Option<i64>) -> OfficerRow {
        OfficerRow {
            id,
            email: format!("{id}@force.example"),
            name: String::new(),
            password_hash: String::new(),
            role: role.as_str().to_owned(),
            team_id,
            away_until: None,
            cover_id: None,
            disabled_at: None,
            created_at: At::from_unix_ms(0),
            reads_replies: false,
        }
    }

    fn staff(change: impl FnOnce(&mut Vec<OfficerRow>)) -> Staff {
        let mut officers = vec![
            officer(1, Role::Officer, Some(10)),
            officer(2, Role::Officer, Some(10)),
            officer(3, Role::Supervisor, Some(10)),
            officer(4, Role::DutyDesk, None),
            officer(5, Role::Officer, Some(20)),
            officer(6, Role::Admin, None),
            officer(7, Role::Press, Some(10)),
        ];
        change(&mut officers);
        let team = |id| TeamRow { id, name: String::new(), area_id: None, created_at: At::from_unix_ms(0) };
        Staff { officers, teams: vec![team(10), team(20)], parents: Vec::new(), now: At::from_unix_ms(1_000_000) }
    }

    #[test]
    fn the_owner_first_then_the_team_then_the_supervisor() {
        let all = staff(|_| {});
        for (level, whom) in [
            (Level::Hours24, vec![1]),
            (Level::Hours48, vec![1, 2, 3]),
            (Level::Hours66, vec![1, 2, 3]),
            (Level::Urgent, vec![1]),
            (Level::Desk, vec![1, 2, 3, 4]),
        ] {
            assert_eq!(all.whom(level, Some(1), Some(10)), whom, "{level:?}");
        }
        assert_eq!(all.whom(Level::Hours24, None, None), [4], "the tray is the duty desk's");
    }

    #[test]
    fn nobody_who_is_away_is_asked_and_nothing_waits_for_somebody_on_leave() {
        let away = |officers: &mut Vec<OfficerRow>| officers[0].away_until = Some(At::from_unix_ms(2_000_000));
        assert_eq!(staff(away).whom(Level::Hours24, Some(1), Some(10)), [2, 3], "the team");
        let covered = staff(|officers| {
            away(officers);
            officers[0].cover_id = Some(5);
        });
        assert_eq!(covered.whom(Level::Urgent, Some(1), Some(10)), [5], "the cover");
        let desk = staff(|officers| {
            officers[3].away_until = Some(At::from_unix_ms(2_000_000));
            officers[3].cover_id = Some(5);
        });
        assert_eq!(desk.whom(Level::Desk, Some(1), Some(10)), [1, 2, 3, 5], "the duty desk's cover");
        let moved_on = staff(|officers| officers[0].role = "press".to_owned());
        assert_eq!(moved_on.whom(Level::Urgent, Some(1), Some(10)), [2, 3], "an owner who reads no replies any more cannot see to it");
        let nobody = staff(|officers| officers.retain(|officer| officer.role == "admin"));
        assert_eq!(nobody.whom(Level::Hours66, Some(1), Some(10)), [6], "somebody must know");
    }

    #[test]
    fn the_hand_of_the_clock() {
        let at = |hours: i64| At::from_unix_ms(hours * HOUR_MS);
        assert_eq!(hand(true, Some(at(72)), None, at(1)), Hand::Left(71));
        assert_eq!(hand(true, Some(at(72)), None, at(75)), Hand::Over(3));
        assert_eq!(hand(true, None, Some(at(1)), at(75)), Hand::Paused);
        assert_eq!(hand(false, Some(at(72)), None, at(75)), Hand::Still);
    }
}
