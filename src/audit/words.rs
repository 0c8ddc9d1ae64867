//! `[pure]` What an action of the audit log is called for people, and what its entry tells besides.

use serde_json::Value;

use crate::domain::closing::Outcome;

/// A kind of thing that is done, with its actions: the machine's name, and the words for what somebody did.
pub type Group = (&'static str, &'static [(&'static str, &'static str)]);

/// Every action there is, by what it is about.
pub const ACTIONS: &[Group] = &[
    (
        "Conversations",
        &[
            ("conversation.view", "Opened a conversation"),
            ("conversation.read", "Read a conversation by the API"),
            ("conversations.read", "Read a list of conversations by the API"),
            ("inbox.list", "Looked at a list of replies"),
            ("search", "Searched the replies"),
            ("conversation.reply", "Sent a reply"),
            ("conversation.note", "Wrote a note"),
            ("conversation.close", "Closed a conversation"),
            ("conversation.reopen", "Reopened a conversation"),
            ("conversation.move", "Moved a conversation to an alert"),
            ("conversation.split", "Split a conversation"),
            ("conversation.leave_out", "Left a person out"),
            ("conversation.hand_over", "Handed a conversation over"),
            ("conversation.hand_to_system", "Recorded where a conversation goes on"),
            ("conversation.pause", "Stopped the clock"),
            ("conversation.resume", "Let the clock run on"),
            ("conversation.mark", "Changed how urgent a conversation is"),
            ("conversation.take_up", "Took up an urgent conversation"),
            ("conversation.weigh", "Filled in the THRIVE fields"),
            ("conversation.tag", "Put a tag on"),
            ("conversation.untag", "Took a tag off"),
            ("conversation.undo", "Took an act back"),
            ("canned.save", "Kept a canned answer"),
            ("canned.retire", "Retired a canned answer"),
        ],
    ),
    (
        "Addresses and evidence",
        &[
            ("conversation.unmask", "Saw an address in full"),
            ("conversation.view_log", "Looked at who had looked"),
            ("conversation.hold", "Put a legal hold on"),
            ("conversation.hold_lift", "Lifted a legal hold"),
            ("conversation.evidence", "Opened exhibits and copies"),
            ("conversation.export_asked", "Asked for an export"),
            ("conversation.export", "Exported a conversation as evidence"),
            ("conversation.export_download", "Downloaded an export"),
            ("conversation.given", "Gave a conversation to whoever asked what is held of them"),
            ("message.original", "Took an original out"),
            ("message.as_sent", "Looked at a mail as it was sent"),
            ("message.redact", "Opened a message to take words out of a copy"),
            ("attachment.view", "Opened a file"),
            ("copy.make", "Made a working copy"),
            ("copy.view", "Opened a working copy"),
            ("exhibit.name", "Named an exhibit"),
        ],
    ),
    (
        "Alerts and press",
        &[
            ("alert.publish", "Published an alert"),
            ("alert.pause", "Paused an alert"),
            ("alert.resume", "Let an alert go on"),
            ("alert.take_back", "Took an alert back"),
            ("alert.outcome", "Told what came of an alert"),
            ("alert.close", "Closed an alert"),
            ("alert.reopen", "Reopened an alert"),
            ("press.export", "Downloaded response volumes"),
        ],
    ),
    (
        "People",
        &[
            ("person.search", "Looked somebody up by their address"),
            ("person.view", "Opened what is held of a person"),
            ("person.export", "Exported what is held of a person"),
            ("person.erase", "Erased a person"),
            ("residents.import", "Imported residents"),
        ],
    ),
    (
        "Accounts and signing in",
        &[
            ("officer.sign_in", "Signed in"),
            ("officer.sign_in_failed", "Failed to sign in"),
            ("officer.sign_in_held", "Was made to wait after failed attempts"),
            ("officer.sign_in_refused", "Was refused by the sign-in service’s rules"),
            ("officer.recovery_code_used", "Signed in with a recovery code"),
            ("officer.second_step_on", "Turned two-step sign-in on"),
            ("officer.second_step_off", "Turned two-step sign-in off"),
            ("officer.recovery_codes", "Made new recovery codes"),
            ("officer.password", "Changed a password"),
            ("officer.reset_link", "Sent a link for a new password"),
            ("officer.end_session", "Ended a session"),
            ("officer.end_sessions", "Ended every session of an account"),
            ("officer.add", "Added an account"),
            ("officer.change", "Changed an account"),
            ("officer.disable", "Disabled an account"),
            ("officer.enable", "Enabled an account"),
            ("officer.away", "Set who is away and who covers"),
            ("officer.grant_replies", "Let an administrator read replies"),
            ("officer.withdraw_replies", "No longer let an administrator read replies"),
        ],
    ),
    (
        "Administration",
        &[
            ("team.add", "Added a team"),
            ("team.change", "Renamed a team"),
            ("group.add", "Added an interest group"),
            ("group.change", "Changed an interest group"),
            ("group.retire", "Retired an interest group"),
            ("group.restore", "Offered an interest group again"),
            ("areas.import", "Imported areas"),
            ("api_key.add", "Made an API key"),
            ("api_key.revoke", "Revoked an API key"),
            ("envelope.raw", "Looked at an original that could not be understood"),
            ("envelope.replay", "Tried again to understand an original"),
            ("envelope.received", "Sealed what came in"),
            ("notice.clear", "Put a notice away"),
            ("retention.dispose", "Disposed of what is past its time"),
            ("audit.search", "Searched the audit log"),
        ],
    ),
];

/// What was done, in words; an action that we do not know stands for itself.
pub fn of(action: &str, detail: &Value) -> String {
    let told = |key: &str| detail.get(key).is_some();
    match action {
        "conversation.view" if told("ahead") => "Had a conversation fetched ahead, not shown".to_owned(),
        "conversation.view" if told("live") => "Had an open conversation refreshed".to_owned(),
        _ => ACTIONS.iter().flat_map(|(_, actions)| actions.iter()).find(|(word, _)| *word == action).map_or(action, |(_, words)| words).to_owned(),
    }
}

/// What of an entry's detail says something to people, with how it is called.
const TOLD: &[(&str, &str)] = &[
    ("outcome", "outcome"),
    ("reason", "reason"),
    ("why", "why"),
    ("reference", "reference"),
    ("was", "before"),
    ("name", "name"),
    ("tag", "tag"),
    ("system", "system"),
    ("urgency", "urgency"),
    ("role", "role"),
    ("role_before", "role before"),
    ("from", "from"),
    ("until", "until"),
    ("rule", "rule"),
    ("count", "count"),
    ("found", "found"),
    ("mailed", "sent by mail"),
    ("sms", "texts"),
    ("email", "mails"),
    ("starts_at", "starts"),
    ("conversations", "conversations"),
    ("messages", "messages"),
    ("deliveries", "copies"),
    ("kept", "kept"),
    ("added", "added"),
    ("updated", "updated"),
];

/// No count is as high as the id of a row.
const ROWS: i64 = 1_000_000_000_000;

/// The part of the detail that people can read. Numbers of rows, and what only a program needs, stay with the entry as recorded.
pub fn more(detail: &Value) -> String {
    let word = |key: &str, value: &Value| match value {
        Value::String(text) if text.is_empty() => None,
        Value::String(text) if key == "outcome" => Some(Outcome::label_of(text)),
        Value::String(text) => Some(text.replace('_', " ")),
        Value::Number(number) if number.as_i64().is_none_or(|number| number >= ROWS) => None,
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(yes) => Some(if *yes { "yes" } else { "no" }.to_owned()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    };
    let told = TOLD.iter().filter_map(|(key, called)| detail.get(*key).and_then(|value| word(key, value)).map(|value| format!("{called}: {value}")));
    told.collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_entry_is_told_in_words_and_without_the_numbers_of_rows() {
        assert_eq!(of("conversation.view", &json!({})), "Opened a conversation");
        assert_eq!(of("conversation.view", &json!({ "ahead": true })), "Had a conversation fetched ahead, not shown");
        assert_eq!(of("room.made_up", &json!({})), "room.made_up");
        assert_eq!(more(&json!({ "outcome": "no_action", "message": 912_603_700_086_751_233_i64 })), "outcome: No action needed");
        assert_eq!(more(&json!({ "outcome": 912_603_700_086_751_233_i64 })), "");
        assert_eq!(more(&json!({ "messages": 3, "kept": 0 })), "messages: 3; kept: 0");
    }
}
