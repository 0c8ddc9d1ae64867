//! The demonstration's canned answers: the force's, so that every officer has them.

use crate::app::App;
use crate::store::canned_answers::CannedRow;

/// Name in the list, and the words.
const ANSWERS: [(&str, &str); 4] = [
    ("Thank you", "Thank you, {name}. We have read what you sent about {alert title} and will come back to you if we need to know more. {officer}, {team}"),
    (
        "Photos or footage, please",
        "Thank you, {name}. Do you have photos or camera footage of that? Please keep them, and send them by e-mail with {reference} in the subject. {officer}",
    ),
    ("Where and when exactly?", "Thank you, {name}. Where exactly was that, at what time, and which way did they go? {officer}"),
    (
        "For 101 or 999",
        "Thank you, {name}. Please report this on 101, or by the form on our website, so that it gets a crime number. If it is happening now, call 999. {officer}",
    ),
];

/// Ready to be written.
pub(super) fn write(app: &App) -> Vec<CannedRow> {
    let answer = |(name, body): (&str, &str)| CannedRow {
        id: app.next_id(),
        officer_id: None,
        team_id: None,
        name: name.to_owned(),
        body: body.to_owned(),
        created_at: app.now(),
        retired_at: None,
    };
    ANSWERS.into_iter().map(answer).collect()
}

#[cfg(test)]
mod tests {
    use super::ANSWERS;
    use crate::domain::canned;

    #[test]
    fn every_field_in_an_answer_is_one_that_is_filled_in() {
        for (name, body) in ANSWERS {
            assert_eq!(canned::check(body), Ok(()), "{name}");
        }
    }
}
