//! `[pure]` An officer's hand above the machine's evidence: what was moved to another alert stays there.
//!
//! Whoever moved a conversation knew better than the pair or the token. The next message follows, marked *probable* since
//! nobody has read it yet, until something newer was sent to that person. What the person names themselves stands.

use super::{Attribution, Candidate, Confidence, Target};
use crate::domain::At;

/// A move by hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// From which alert; none for the tray.
    pub from: Option<i64>,
    /// To which.
    pub to: i64,
    /// Its public reference, for the evidence.
    pub to_reference: String,
    /// When.
    pub at: At,
}

/// Methods by which the person names the alert themselves.
const NAMED: [&str; 3] = ["reference", "printed_code", "subject_code"];

/// Follows the moves of a correspondent, oldest first. `sent_at` is when the newest thing was sent that could have provoked
/// this message.
pub fn follow(tied: Attribution, sent_at: Option<At>, moves: &[Moved]) -> Attribution {
    let start = match tied.target {
        Target::Alert(id) if !NAMED.contains(&tied.method) && !tied.third_party => Some(id),
        Target::Tray if !tied.third_party && tied.method != "token_conflict" => None,
        Target::Alert(_) | Target::Conversation(_) | Target::Tray => return tied,
    };
    let newer = moves.iter().filter(|moved| sent_at.is_none_or(|sent| moved.at > sent));
    let Some(last) = newer.fold(None, |last: Option<&Moved>, moved| {
        let here = last.map_or(start, |last| Some(last.to));
        if moved.from == here { Some(moved) } else { last }
    }) else {
        return tied;
    };
    if start == Some(last.to) {
        return tied;
    }
    let mut candidates = tied.candidates;
    if let Some(id) = start
        && candidates.iter().all(|candidate| candidate.alert_id != id)
    {
        candidates.push(Candidate { alert_id: id, reason: tied.evidence });
    }
    candidates.retain(|candidate| candidate.alert_id != last.to);
    candidates.insert(0, Candidate { alert_id: last.to, reason: "an officer moved this person's earlier message to it".to_owned() });
    Attribution {
        target: Target::Alert(last.to),
        method: "officer",
        confidence: Confidence::Probable,
        evidence: format!("An officer moved this person's earlier message to {}, and nothing newer was sent to them", last.to_reference),
        third_party: tied.third_party,
        candidates,
    }
}

#[cfg(test)]
mod tests {
    use super::super::tray;
    use super::*;

    fn at(hour: i64) -> At {
        At::from_unix_ms(1_800_000_000_000 + hour * 3_600_000)
    }

    fn moved(from: Option<i64>, to: i64, hour: i64) -> Moved {
        Moved { from, to, to_reference: format!("REF{to}"), at: at(hour) }
    }

    fn pair(alert: i64, method: &'static str) -> Attribution {
        Attribution { target: Target::Alert(alert), confidence: Confidence::Certain, method, ..tray("", "it is the only one".to_owned(), Vec::new()) }
    }

    #[test]
    fn the_next_message_goes_where_the_officer_put_the_last_and_is_not_called_certain() {
        let tied = follow(pair(1, "pair"), Some(at(0)), &[moved(Some(1), 2, 1)]);
        assert_eq!((tied.target, tied.method, tied.confidence), (Target::Alert(2), "officer", Confidence::Probable));
        assert_eq!(tied.candidates.iter().map(|candidate| candidate.alert_id).collect::<Vec<_>>(), [2, 1], "the pair's own is one key away");
    }

    #[test]
    fn moves_are_followed_to_their_end_and_back_again() {
        let tied = follow(pair(1, "pair"), Some(at(0)), &[moved(Some(1), 2, 1), moved(Some(2), 3, 2)]);
        assert_eq!(tied.target, Target::Alert(3));
        let tied = follow(pair(1, "pair"), Some(at(0)), &[moved(Some(1), 2, 1), moved(Some(2), 1, 2)]);
        assert_eq!((tied.target, tied.confidence), (Target::Alert(1), Confidence::Certain));
    }

    #[test]
    fn what_was_taken_out_of_the_tray_is_followed_too() {
        let tied = follow(tray("none", "nothing".to_owned(), Vec::new()), None, &[moved(None, 4, 1)]);
        assert_eq!((tied.target, tied.confidence), (Target::Alert(4), Confidence::Probable));
    }

    #[test]
    fn something_sent_since_a_name_in_the_text_and_a_third_party_are_not_overruled() {
        let moves = [moved(Some(1), 2, 1)];
        assert_eq!(follow(pair(1, "pair"), Some(at(2)), &moves).target, Target::Alert(1));
        assert_eq!(follow(pair(1, "reference"), Some(at(0)), &moves).target, Target::Alert(1));
        assert_eq!(follow(Attribution { third_party: true, ..pair(1, "token") }, Some(at(0)), &moves).target, Target::Alert(1));
        assert_eq!(follow(pair(5, "pair"), Some(at(0)), &moves).target, Target::Alert(5), "another alert's moves are no concern");
    }
}
