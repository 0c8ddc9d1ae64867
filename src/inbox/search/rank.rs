//! `[pure]` The order of what was found: how well it fits, and how new it is. Worked out here and not in the database, so that
//! both databases put the same first.

use crate::domain::At;
use crate::domain::ids::Ids;
use crate::domain::search::Query;
use crate::store::views::search::HitRow;

/// Two weeks old is half as new.
const HALF_NEW_MS: f64 = 14.0 * 86_400_000.0;

/// A conversation's place among the results.
#[derive(Clone, Debug, PartialEq)]
pub struct Ranked {
    /// Which.
    pub conversation_id: i64,
    /// What in it fits best.
    pub entry_id: i64,
    /// `message`, `note`, `file`.
    pub kind: String,
    /// How many entries of it fit.
    pub times: usize,
    score: f64,
}

/// Conversations in the order in which they are shown, each with what in it fits best.
pub fn order(query: &Query, hits: &[HitRow], now: At) -> Vec<Ranked> {
    let mut best: std::collections::HashMap<i64, Ranked> = std::collections::HashMap::new();
    for hit in hits {
        let score = query.fit(&hit.words, &hit.joined).max(0.1) + 0.6 * newness(hit.id, now);
        let fresh = Ranked { conversation_id: hit.conversation_id, entry_id: hit.id, kind: hit.kind.clone(), times: 1, score };
        match best.get_mut(&hit.conversation_id) {
            None => {
                best.insert(hit.conversation_id, fresh);
            }
            Some(known) if known.score >= score => known.times += 1,
            Some(known) => *known = Ranked { times: known.times + 1, ..fresh },
        }
    }
    let mut ranked: Vec<Ranked> = best.into_values().collect();
    // Equal ones newest first, so that the order is the same each time.
    ranked.sort_by(|a, b| b.score.total_cmp(&a.score).then(b.entry_id.cmp(&a.entry_id)));
    ranked
}

fn newness(id: i64, now: At) -> f64 {
    let age_s = u32::try_from(now.since_ms(Ids::moment(id)).max(0) / 1_000).unwrap_or(u32::MAX);
    HALF_NEW_MS / (HALF_NEW_MS + f64::from(age_s) * 1_000.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fold;

    #[test]
    fn what_fits_better_comes_first_and_of_equals_the_newer() {
        let now = At::from_unix_ms(1_800_000_000_000);
        let days = |days: i64| Ids::floor(now.minus_days(days));
        let hit = |id: i64, conversation_id: i64, text: &str| {
            let (words, joined) = fold::entry(text);
            HitRow { id, message_id: id, conversation_id, kind: "message".to_owned(), words, joined }
        };
        let hits = [
            hit(days(1), 1, "the van was white"),
            hit(days(2), 2, "a white van"),
            hit(days(40), 3, "a white van"),
            hit(days(50), 1, "white, then a van"),
            hit(days(0), 4, &format!("a van and {} something white", "so on ".repeat(60))),
        ];
        let order = order(&Query::read("white van").unwrap(), &hits, now);
        assert_eq!(order.iter().map(|ranked| ranked.conversation_id).collect::<Vec<_>>(), [2, 3, 1, 4]);
        let first = order.iter().find(|ranked| ranked.conversation_id == 1).unwrap();
        assert_eq!((first.times, first.entry_id), (2, days(1)));
    }
}
