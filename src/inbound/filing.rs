//! Filing: a message into its conversation, and the conversation into its owner's inbox.

use std::collections::HashMap;

use diesel::QueryResult;

use super::classify::urgency::{self, About};
use super::process::{KeptFile, Told};
use super::recognise::{self, found_in};
use super::route::{self, Presence, Route};
use super::sender::SenderCheck;
use super::thread::hand::Moved;
use super::thread::{Attribution, Confidence, Target};
use crate::app::App;
use crate::domain::place::{self, Urgency};
use crate::domain::{Address, At, ids};
use crate::store::accounts::{self, OfficerRow};
use crate::store::alerts::{self, AlertRow};
use crate::store::conversations::{self, ConversationEventRow, ConversationRow, Touch};
use crate::store::correspondents::{self, CorrespondentRow};
use crate::store::envelopes::EnvelopeRow;
use crate::store::messages::{self, AttachmentRow, MessageRow};
use crate::store::wake::Change;
use crate::store::{Conn, events, findings, pauses, urgencies};

/// What a batch needs while it files.
pub(super) struct Filer<'a> {
    pub(super) app: &'a App,
    pub(super) told: Told,
    pub(super) alerts: HashMap<i64, AlertRow>,
    /// What was mailed out of each alert.
    pub(super) mailed: HashMap<i64, String>,
    /// What each alert says.
    pub(super) said: HashMap<i64, String>,
    /// Where each is about.
    pub(super) places: HashMap<i64, Vec<String>>,
    /// Who is known, and by what: within the batch nobody is looked up twice.
    pub(super) known: HashMap<Vec<u8>, CorrespondentRow>,
    pub(super) officers: HashMap<i64, Option<OfficerRow>>,
    pub(super) now: At,
    /// What officers moved by hand, of everybody in the batch: one query for all.
    pub(super) moved: HashMap<Vec<u8>, Vec<Moved>>,
}

/// Whether a name that somebody gave themselves is an address, or has one in it.
fn names_an_address(name: &str) -> bool {
    name.contains('@') || name.chars().filter(char::is_ascii_digit).count() >= 9
}

/// A message to be filed.
pub(super) struct Filing<'a> {
    pub(super) envelope: &'a EnvelopeRow,
    pub(super) ordinal: i64,
    pub(super) from: &'a Address,
    pub(super) from_name: Option<String>,
    pub(super) our_address: String,
    pub(super) attribution: Attribution,
    /// `reply`, `probable_auto_reply`, `opt_out`, `opt_in`.
    pub(super) class: &'static str,
    pub(super) subject: Option<String>,
    pub(super) text: String,
    pub(super) folded: String,
    pub(super) message_id_header: Option<String>,
    pub(super) files: &'a [KeptFile],
    /// How far a mail's sender is who it says.
    pub(super) sender: Option<&'a SenderCheck>,
}

impl<'a> Filer<'a> {
    /// For one batch.
    pub(super) fn new(app: &'a App, now: At, moved: HashMap<Vec<u8>, Vec<Moved>>) -> Self {
        Self {
            app,
            told: Told::default(),
            alerts: HashMap::new(),
            mailed: HashMap::new(),
            said: HashMap::new(),
            places: HashMap::new(),
            known: HashMap::new(),
            officers: HashMap::new(),
            now,
            moved,
        }
    }
}

impl Filer<'_> {
    pub(super) async fn alert(&mut self, conn: &mut Conn, id: i64) -> QueryResult<AlertRow> {
        if let Some(alert) = self.alerts.get(&id) {
            return Ok(alert.clone());
        }
        let alert = alerts::get(conn, id).await?;
        self.alerts.insert(id, alert.clone());
        Ok(alert)
    }

    /// Who writes under this key, if we have met.
    pub(super) async fn known(&mut self, conn: &mut Conn, match_key: &[u8]) -> QueryResult<Option<CorrespondentRow>> {
        if let Some(known) = self.known.get(match_key) {
            return Ok(Some(known.clone()));
        }
        let found = correspondents::find_by_match_key(conn, match_key).await?;
        if let Some(found) = &found {
            self.known.insert(match_key.to_vec(), found.clone());
        }
        Ok(found)
    }

    /// What officers moved by hand of this person before the message came in.
    pub(super) fn moves(&self, match_key: &[u8], received_at: At) -> Vec<Moved> {
        // After as long as a pair counts, it is another matter.
        let recent = |moved: &&Moved| moved.at <= received_at && moved.at >= received_at.minus_days(30);
        self.moved.get(match_key).into_iter().flatten().filter(recent).cloned().collect()
    }

    async fn presence(&mut self, conn: &mut Conn, id: Option<i64>) -> QueryResult<Option<(Presence, Option<i64>)>> {
        let Some(id) = id else { return Ok(None) };
        let officer = match self.officers.get(&id) {
            Some(known) => known.clone(),
            None => {
                let found = accounts::find_officer(conn, id).await?;
                self.officers.insert(id, found.clone());
                found
            }
        };
        Ok(officer.map(|officer| {
            (Presence { id, away_until: officer.away_until, disabled: officer.disabled_at.is_some() || !officer.reads_replies() }, officer.cover_id)
        }))
    }

    async fn route(&mut self, conn: &mut Conn, owner_id: Option<i64>, team_id: Option<i64>) -> QueryResult<Route> {
        let owner = self.presence(conn, owner_id).await?;
        let cover = match &owner {
            Some((_, cover_id)) => self.presence(conn, *cover_id).await?,
            None => None,
        };
        Ok(route::decide(owner.map(|(presence, _)| presence), cover.map(|(presence, _)| presence), team_id, self.now))
    }

    /// How soon somebody must look, by what was written; the conversation is raised, and its officers are told, by a worker.
    async fn heed(&mut self, conn: &mut Conn, filing: &Filing<'_>, conversation: &ConversationRow) -> QueryResult<Urgency> {
        let about = match conversation.alert_id {
            Some(id) => Some((self.alert(conn, id).await?.kind, self.words_of(conn, id).await?, self.places_of(conn, id).await?)),
            None => None,
        };
        let (kind, alert_text) = about.as_ref().map_or(("", ""), |(kind, words, _)| (kind.as_str(), words.as_str()));
        let places: Vec<&str> = about.iter().flat_map(|(.., places)| places.iter().map(String::as_str)).collect();
        // Many write all they have to say into the subject and nothing below it.
        let subject = filing.subject.as_deref().map(|subject| own_subject(subject, alert_text)).unwrap_or_default();
        let words = if subject.is_empty() { filing.text.clone() } else { format!("{subject}\n{}", filing.text) };
        let found = urgency::assess(&words, &About { kind, alert_text, places: &places });
        if found.urgency != Urgency::None {
            let reasons: Vec<_> = found.signs.iter().map(|sign| serde_json::json!({ "kind": sign.kind.as_str(), "said": sign.said })).collect();
            urgencies::raise(conn, conversation.id, found.urgency, &serde_json::json!(reasons), filing.envelope.received_at, None).await?;
        }
        Ok(found.urgency)
    }

    /// Where an alert is about.
    async fn places_of(&mut self, conn: &mut Conn, id: i64) -> QueryResult<Vec<String>> {
        if let Some(known) = self.places.get(&id) {
            return Ok(known.clone());
        }
        let places: Vec<String> = alerts::list_areas(conn, id).await?.into_iter().map(|(_, name)| name).collect();
        self.places.insert(id, places.clone());
        Ok(places)
    }

    /// What an alert says, for words that a reply shares with it.
    async fn words_of(&mut self, conn: &mut Conn, id: i64) -> QueryResult<String> {
        if let Some(known) = self.said.get(&id) {
            return Ok(known.clone());
        }
        let alert = self.alert(conn, id).await?;
        let texts = alerts::list_texts(conn, id, alert.version).await?;
        let words = texts.into_iter().flat_map(|text| [text.subject, text.body]).fold(alert.title, |all, words| format!("{all}\n{words}"));
        self.said.insert(id, words.clone());
        Ok(words)
    }

    /// Files a message; gives its conversation and how urgent it is, or none if this envelope was filed before.
    pub(super) async fn file(&mut self, conn: &mut Conn, filing: Filing<'_>) -> QueryResult<Option<(ConversationRow, Urgency)>> {
        let correspondent = self.correspondent(conn, &filing).await?;
        let (conversation, fresh) = self.conversation(conn, &filing, &correspondent).await?;
        let message = self.message(&filing, conversation.id);
        if messages::insert(conn, &message).await? == 0 {
            return Ok(None);
        }
        let attachments = self.attachments(&filing, message.id);
        messages::insert_attachments(conn, attachments).await?;
        findings::insert(conn, found_in(&message)).await?;
        // A bare STOP is no sighting: it is in the record, but it does not call the officer.
        let calls = calls_officer(filing.class);
        let touch = Touch {
            preview: preview(&filing),
            attachments: i64::try_from(filing.files.len()).unwrap_or(0),
            inbound: calls,
            via: Some((filing.envelope.channel.clone(), kind_of(filing.from).to_owned(), filing.our_address.clone())),
            at: filing.envelope.received_at,
        };
        // Before the rest: what was closed begins anew, but how long it had stood still is kept.
        if calls && conversation.paused_at.is_some() && pauses::end(conn, conversation.id, touch.at).await? && conversation.status == "open" {
            self.note(conn, conversation.id, "resumed", "They wrote again: the clock runs").await?;
        }
        conversations::touch(conn, conversation.id, &touch).await?;
        if !fresh && calls {
            self.reroute(conn, &conversation).await?;
        }
        if filing.attribution.confidence == Confidence::Probable {
            let candidates = serde_json::to_value(&filing.attribution.candidates).unwrap_or_default();
            conversations::set_certainty(conn, conversation.id, Confidence::Probable.as_str(), &candidates).await?;
        }
        let urgency = if calls { self.heed(conn, &filing, &conversation).await? } else { Urgency::None };
        self.tell(conn, &filing, &conversation).await?;
        Ok(Some((conversation, urgency)))
    }

    async fn correspondent(&mut self, conn: &mut Conn, filing: &Filing<'_>) -> QueryResult<CorrespondentRow> {
        let match_key = self.app.match_key(filing.from);
        if let Some(known) = self.known(conn, &match_key).await? {
            if known.owner_doubt_at.is_none_or(|doubt| filing.envelope.received_at <= doubt) {
                return Ok(known);
            }
            // Whoever has the number now is somebody new: nothing of before is theirs.
            correspondents::succeed(conn, known.id, self.now).await?;
        }
        let row = CorrespondentRow {
            id: self.app.next_id(),
            public_id: ids::public_id(),
            match_key: match_key.clone(),
            kind: filing.from.kind().to_owned(),
            address: filing.from.reveal().to_owned(),
            // A name that is an address would show what is masked.
            name: filing.from_name.clone().filter(|name| !name.is_empty() && !names_an_address(name)),
            created_at: self.now,
            owner_doubt_at: None,
        };
        let stands = correspondents::insert_or_find(conn, row).await?;
        self.known.insert(match_key, stands.clone());
        Ok(stands)
    }

    async fn conversation(&mut self, conn: &mut Conn, filing: &Filing<'_>, correspondent: &CorrespondentRow) -> QueryResult<(ConversationRow, bool)> {
        let tray = filing.attribution.confidence == Confidence::Probable && self.app.config().attribution.probable_to_tray;
        let alert_id = match filing.attribution.target {
            Target::Alert(id) if !tray => Some(id),
            Target::Conversation(id) => {
                let known = conversations::get(conn, id).await?;
                if known.correspondent_id == correspondent.id {
                    return Ok((known, false));
                }
                known.alert_id
            }
            Target::Alert(_) | Target::Tray => None,
        };
        if let Some(known) = conversations::find_of(conn, alert_id, correspondent.id).await? {
            return Ok((known, false));
        }
        let alert = match alert_id {
            Some(id) => Some(self.alert(conn, id).await?),
            None => None,
        };
        let route = match &alert {
            Some(alert) => self.route(conn, Some(alert.owner_id), alert.team_id).await?,
            None => Route { owner_id: None, team_id: None, reason: None },
        };
        let row = self.new_conversation(filing, correspondent, alert_id, &route);
        let (stands, fresh) = conversations::insert_or_find(conn, row).await?;
        if let (Some(reason), true) = (route.reason, fresh) {
            self.note(conn, stands.id, "routed", reason).await?;
        }
        Ok((stands, fresh))
    }

    fn new_conversation(&self, filing: &Filing<'_>, correspondent: &CorrespondentRow, alert_id: Option<i64>, route: &Route) -> ConversationRow {
        let certainty = if alert_id.is_some() { filing.attribution.confidence } else { Confidence::Unattributed };
        // What calls nobody is closed from the first, as any closed one is: it stands among them and is disposed of in time.
        let (received_at, calls) = (filing.envelope.received_at, calls_officer(filing.class));
        ConversationRow {
            id: self.app.next_id(),
            public_id: ids::public_id(),
            alert_id,
            correspondent_id: correspondent.id,
            status: if calls { "open" } else { "closed" }.to_owned(),
            certainty: certainty.as_str().to_owned(),
            owner_id: route.owner_id,
            team_id: route.team_id,
            channel: filing.envelope.channel.clone(),
            channel_kind: kind_of(filing.from).to_owned(),
            our_address: filing.our_address.clone(),
            third_party: filing.attribution.third_party,
            unread: false,
            preview: String::new(),
            messages_count: 0,
            attachments_count: 0,
            candidates: serde_json::to_value(&filing.attribution.candidates).unwrap_or_default(),
            version: 0,
            first_human_at: None,
            last_message_at: received_at,
            created_at: self.now,
            closed_at: (!calls).then_some(received_at),
            urgency: "none".to_owned(),
            waiting_since: None,
            due_at: None,
            paused_at: None,
            outcome: None,
            claimed_by: None,
            claimed_until: None,
            place: if calls { place::settled(received_at) } else { place::closed(received_at) },
        }
    }

    async fn reroute(&mut self, conn: &mut Conn, conversation: &ConversationRow) -> QueryResult<()> {
        if conversation.owner_id.is_none() {
            return Ok(());
        }
        let route = self.route(conn, conversation.owner_id, conversation.team_id).await?;
        if route.owner_id != conversation.owner_id {
            conversations::set_owner(conn, conversation.id, route.owner_id).await?;
            self.note(conn, conversation.id, "routed", route.reason.unwrap_or("The owner is away")).await?;
        }
        Ok(())
    }

    fn message(&self, filing: &Filing<'_>, conversation_id: i64) -> MessageRow {
        MessageRow {
            id: self.app.next_id(),
            public_id: ids::public_id(),
            conversation_id,
            direction: "in".to_owned(),
            channel: filing.envelope.channel.clone(),
            channel_kind: kind_of(filing.from).to_owned(),
            class: filing.class.to_owned(),
            subject: filing.subject.clone(),
            text: filing.text.clone(),
            folded: filing.folded.clone(),
            envelope_id: Some(filing.envelope.id),
            ordinal: filing.ordinal,
            delivery_id: None,
            officer_id: None,
            message_id_header: filing.message_id_header.clone(),
            method: filing.attribution.method.to_owned(),
            confidence: filing.attribution.confidence.as_str().to_owned(),
            evidence: filing.attribution.evidence.clone(),
            third_party: filing.attribution.third_party,
            possible_duplicate: filing.envelope.possible_duplicate,
            raw_sha256: Some(filing.envelope.sha256.clone()),
            received_at: filing.envelope.received_at,
            sender_trust: filing.sender.map(|sender| sender.trust.as_str().to_owned()),
            sender_evidence: filing.sender.map(|sender| sender.evidence.clone()),
        }
    }

    fn attachments(&self, filing: &Filing<'_>, message_id: i64) -> Vec<AttachmentRow> {
        let row = |(ordinal, file): (i64, &KeptFile)| AttachmentRow {
            id: self.app.next_id(),
            message_id,
            ordinal,
            filename: file.filename.clone(),
            content_type: file.content_type.clone(),
            size_bytes: file.size_bytes,
            sha256: file.sha256.clone(),
            scan: "unscanned".to_owned(),
            created_at: self.now,
        };
        (0_i64..).zip(filing.files).map(row).collect()
    }

    pub(super) async fn note(&self, conn: &mut Conn, conversation_id: i64, kind: &str, detail: &str) -> QueryResult<()> {
        let row = ConversationEventRow {
            id: self.app.next_id(),
            conversation_id,
            officer_id: None,
            kind: kind.to_owned(),
            detail: detail.to_owned(),
            created_at: self.now,
        };
        conversations::append_event(conn, &row).await.map(|_| ())
    }

    async fn tell(&mut self, conn: &mut Conn, filing: &Filing<'_>, conversation: &ConversationRow) -> QueryResult<()> {
        let reference = match conversation.alert_id {
            Some(id) => Some(self.alert(conn, id).await?.reference),
            None => None,
        };
        let kind = match filing.class {
            "opt_out" | "opt_out_words" => "opted_out",
            "opt_in" | "opt_in_words" => "opted_in",
            _ => "reply_in",
        };
        self.told.events.push(events::EventRow {
            id: self.app.next_id(),
            kind: kind.to_owned(),
            alert_id: conversation.alert_id,
            conversation_id: Some(conversation.id),
            channel_kind: kind_of(filing.from).to_owned(),
            created_at: filing.envelope.received_at,
        });
        self.told.changes.push(Change { kind: "inbox".into(), alert: reference.clone(), conversation: Some(conversation.public_id.clone()) });
        self.told.changes.push(Change { kind: "press".into(), alert: reference, conversation: None });
        Ok(())
    }
}

/// What a mail's subject says beyond "Re:" and what we wrote ourselves.
fn own_subject(subject: &str, ours: &str) -> String {
    let mut rest = recognise::without_answer_mark(subject).0.to_owned();
    for line in ours.lines().map(str::trim).filter(|line| line.chars().count() > 3) {
        let (lower, line) = (rest.to_lowercase(), line.to_lowercase());
        // The same bytes in small letters, or the place found there is not the place here.
        let Some(at) = lower.find(&line).filter(|_| lower.len() == rest.len()) else { continue };
        if rest.is_char_boundary(at) && rest.is_char_boundary(at + line.len()) {
            rest.replace_range(at..at + line.len(), " ");
        }
    }
    rest.trim().to_owned()
}

/// Whether a message of this class wants an officer's eye. A bare STOP or START is in the record and calls nobody.
fn calls_officer(class: &str) -> bool {
    !matches!(class, "opt_out" | "opt_in")
}

fn kind_of(address: &Address) -> &'static str {
    address.channel_kind()
}

/// The first words, or what came instead of words.
fn preview(filing: &Filing<'_>) -> String {
    let joined = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut words = joined(&filing.text);
    if words.is_empty() {
        words = joined(filing.subject.as_deref().unwrap_or_default());
    }
    if words.is_empty() {
        return match filing.files.len() {
            0 => "(no words)".to_owned(),
            1 => "(one attachment)".to_owned(),
            many => format!("({many} attachments)"),
        };
    }
    words.chars().take(160).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_subject_only_what_they_wrote_themselves_is_heeded() {
        let ours = "Man with a knife sought\nDerbyshire Alert: man with a knife sought\nHave you seen him?";
        for (subject, own) in [
            ("Re: Derbyshire Alert: Man with a knife sought", "Derbyshire Alert:"),
            ("RE: Fwd: man with a knife sought", ""),
            ("Man with a knife at the school gate", "Man with a knife at the school gate"),
            ("Re: Man with a knife sought - he is here now", "- he is here now"),
            ("", ""),
        ] {
            assert_eq!(own_subject(subject, ours), own, "{subject}");
        }
    }
}
