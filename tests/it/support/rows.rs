//! Rows to begin with. `TestDb::add_…` inserts what it gives; `TestDb::new_…` gives a row that nobody has inserted.
//!
//! Numbers are Ofcom's for drama, addresses are example.org's, keys are `Keyring::fixed()`'s.

use huecry::config::Keyring;
use huecry::domain::ids::public_id;
use huecry::domain::{Address, At, MatchKey, place, reference};
use huecry::store::accounts::{self, OfficerRow, TeamRow};
use huecry::store::alerts::{self, AlertRow, AlertTextRow};
use huecry::store::conversations::{self, ConversationRow};
use huecry::store::correspondents::{self, CorrespondentRow};
use huecry::store::deliveries::{self, DeliveryRow};
use huecry::store::envelopes::EnvelopeRow;
use huecry::store::messages::MessageRow;
use huecry::store::places::{self, AreaRow, GroupRow};
use huecry::store::residents::{self, AddressRow, ResidentRow};
use huecry::store::suppressions::SuppressionRow;
use sha2::{Digest, Sha256};

use super::db::TestDb;
use super::now;

/// Our number in every row made here.
pub(crate) const OUR_NUMBER: &str = "+447700900001";
/// The SMS channel's name.
pub(crate) const SMS: &str = "sms";

/// The address behind a text, drama numbers among them.
pub(crate) fn address(text: &str) -> Address {
    Address::parse(text).unwrap()
}

/// Its match key under the fixed keyring.
pub(crate) fn key(text: &str) -> MatchKey {
    address(text).match_key(&Keyring::fixed().match_secret)
}

/// A resident with one address.
pub(crate) struct Registered {
    pub(crate) resident: ResidentRow,
    pub(crate) address: AddressRow,
}

impl TestDb {
    pub(crate) async fn add_area(&self, code: &str, kind: &str) -> AreaRow {
        let row =
            AreaRow { id: self.id(), code: code.into(), name: format!("Area {code}"), kind: kind.into(), parent_id: None, shape: None, created_at: now() };
        places::insert_areas(&mut self.write().await, vec![row.clone()]).await.unwrap();
        row
    }

    pub(crate) async fn add_group(&self, slug: &str) -> GroupRow {
        let row =
            GroupRow { id: self.id(), slug: slug.into(), name: format!("Group {slug}"), description: "For a test".into(), created_at: now(), retired_at: None };
        places::insert_groups(&mut self.write().await, vec![row.clone()]).await.unwrap();
        row
    }

    pub(crate) async fn add_team(&self, name: &str) -> TeamRow {
        let row = TeamRow { id: self.id(), name: name.into(), area_id: None, created_at: now() };
        accounts::insert_teams(&mut self.write().await, vec![row.clone()]).await.unwrap();
        row
    }

    pub(crate) fn new_officer(&self, email: &str) -> OfficerRow {
        OfficerRow {
            id: self.id(),
            email: email.into(),
            name: format!("PC {email}"),
            password_hash: "$argon2id$none".into(),
            role: "officer".into(),
            team_id: None,
            away_until: None,
            cover_id: None,
            disabled_at: None,
            created_at: now(),
            reads_replies: false,
        }
    }

    pub(crate) async fn add_officer(&self, email: &str) -> OfficerRow {
        let row = self.new_officer(email);
        accounts::insert_officers(&mut self.write().await, vec![row.clone()]).await.unwrap();
        row
    }

    pub(crate) fn new_resident(&self, postcode: &str) -> ResidentRow {
        ResidentRow {
            id: self.id(),
            public_id: public_id(),
            name: "Jo Bloggs".into(),
            postcode: postcode.into(),
            language: "en".into(),
            source: "website".into(),
            created_at: now(),
            left_at: None,
        }
    }

    pub(crate) fn new_address(&self, resident_id: i64, text: &str) -> AddressRow {
        let address = address(text);
        AddressRow {
            id: self.id(),
            resident_id,
            kind: address.kind().into(),
            value: address.reveal().into(),
            match_key: key(text),
            enabled: true,
            verified_at: Some(now()),
            bad_at: None,
            created_at: now(),
        }
    }

    /// A resident of these areas with a confirmed phone number or e-mail address.
    pub(crate) async fn add_resident(&self, text: &str, area_ids: &[i64]) -> Registered {
        let resident = self.new_resident("DE1 3AA");
        let address = self.new_address(resident.id, text);
        let mut conn = self.write().await;
        residents::insert(&mut conn, vec![resident.clone()]).await.unwrap();
        residents::insert_addresses(&mut conn, vec![address.clone()]).await.unwrap();
        residents::replace_areas(&mut conn, resident.id, area_ids).await.unwrap();
        Registered { resident, address }
    }

    pub(crate) fn new_alert(&self, owner_id: i64) -> AlertRow {
        AlertRow {
            id: self.id(),
            reference: reference::new_reference(),
            kind: "appeal".into(),
            urgency: "routine".into(),
            title: "White van on Mill Lane".into(),
            status: "live".into(),
            version: 1,
            owner_id,
            team_id: None,
            token: None,
            send_again_on_doubt: false,
            audience_mark: 0,
            audience_cursor: 0,
            fan_out_owner: None,
            fan_out_until: None,
            expected_sms: 0,
            expected_email: 0,
            created_at: now(),
            published_at: Some(now()),
            fanned_out_at: None,
            closed_at: None,
            two_way: true,
            audience_size: 0,
            queued_sms: 0,
            queued_email: 0,
            hold: None,
            held_at: None,
            unsettled: false,
            starts_at: None,
            starts_why: None,
        }
    }

    pub(crate) fn new_text(&self, alert: &AlertRow, channel_kind: &str, body: &str) -> AlertTextRow {
        AlertTextRow {
            id: self.id(),
            alert_id: alert.id,
            version: alert.version,
            language: "en".into(),
            channel_kind: channel_kind.into(),
            subject: String::new(),
            body: body.into(),
        }
    }

    /// A live alert with a text for phones and one for mail.
    pub(crate) async fn add_alert(&self, owner_id: i64, area_ids: &[i64]) -> AlertRow {
        let row = self.new_alert(owner_id);
        let texts = vec![self.new_text(&row, "sms", "Seen it?"), self.new_text(&row, "email", "Have you seen it?")];
        alerts::insert(&mut self.write().await, &row, texts, area_ids, &[]).await.unwrap();
        row
    }

    /// A queued copy of an alert for one address.
    pub(crate) fn new_delivery(&self, alert: &AlertRow, to: &str) -> DeliveryRow {
        let address = address(to);
        DeliveryRow {
            id: self.id(),
            purpose: "alert".into(),
            source_id: alert.id,
            alert_id: Some(alert.id),
            conversation_id: None,
            match_key: key(to),
            address: address.reveal().into(),
            channel_kind: address.channel_kind().into(),
            channel: address.channel_kind().into(),
            sender: OUR_NUMBER.into(),
            priority: 30,
            status: "queued".into(),
            subject: None,
            body: None,
            token: public_id(),
            in_reply_to: None,
            reference_ids: None,
            provider_message_id: None,
            rank: 0,
            attempts: 0,
            error_code: None,
            error_detail: None,
            lease_owner: None,
            lease_until: None,
            next_attempt_at: now(),
            sending_at: None,
            accepted_at: None,
            finished_at: None,
            created_at: now(),
            expires_at: None,
        }
    }

    pub(crate) async fn add_delivery(&self, alert: &AlertRow, to: &str) -> DeliveryRow {
        let row = self.new_delivery(alert, to);
        deliveries::insert(&mut self.write().await, vec![row.clone()]).await.unwrap();
        row
    }

    /// A waiting text from a person; its dedupe key is its id.
    pub(crate) fn new_envelope(&self, from: &str, body: &[u8]) -> EnvelopeRow {
        let id = self.id();
        EnvelopeRow {
            id,
            channel: SMS.into(),
            kind: "sms_inbound".into(),
            dedupe_key: format!("SM{id}"),
            match_key: Some(key(from)),
            lane: 3,
            target: "/webhooks/sms/sms/inbound".into(),
            headers: b"content-type: application/x-www-form-urlencoded\n".to_vec(),
            body: Some(body.to_vec()),
            body_file: None,
            body_bytes: i64::try_from(body.len()).unwrap(),
            sha256: Sha256::digest(body).to_vec(),
            status: "received".into(),
            possible_duplicate: false,
            stopped: false,
            reason: None,
            lease_owner: None,
            lease_until: None,
            tries: 0,
            received_at: now(),
            processed_at: None,
            salt: None,
            noted_in: None,
        }
    }

    pub(crate) fn new_correspondent(&self, text: &str) -> CorrespondentRow {
        let address = address(text);
        CorrespondentRow {
            id: self.id(),
            public_id: public_id(),
            match_key: key(text),
            kind: address.kind().into(),
            address: address.reveal().into(),
            name: None,
            created_at: now(),
            owner_doubt_at: None,
        }
    }

    pub(crate) async fn add_correspondent(&self, text: &str) -> CorrespondentRow {
        correspondents::insert_or_find(&mut self.write().await, self.new_correspondent(text)).await.unwrap()
    }

    /// A conversation about an alert, or in the tray.
    pub(crate) fn new_conversation(&self, alert_id: Option<i64>, correspondent_id: i64) -> ConversationRow {
        ConversationRow {
            id: self.id(),
            public_id: public_id(),
            alert_id,
            correspondent_id,
            status: "open".into(),
            certainty: if alert_id.is_some() { "certain" } else { "unattributed" }.into(),
            owner_id: None,
            team_id: None,
            channel: SMS.into(),
            channel_kind: "sms".into(),
            our_address: OUR_NUMBER.into(),
            third_party: false,
            unread: false,
            preview: String::new(),
            messages_count: 0,
            attachments_count: 0,
            candidates: serde_json::json!([]),
            version: 1,
            first_human_at: None,
            last_message_at: now(),
            created_at: now(),
            closed_at: None,
            urgency: "none".to_owned(),
            waiting_since: None,
            due_at: None,
            paused_at: None,
            outcome: None,
            claimed_by: None,
            claimed_until: None,
            place: place::settled(now()),
        }
    }

    pub(crate) async fn add_conversation(&self, alert_id: Option<i64>, correspondent_id: i64) -> ConversationRow {
        conversations::insert_or_find(&mut self.write().await, self.new_conversation(alert_id, correspondent_id)).await.unwrap().0
    }

    /// Something that a person wrote.
    pub(crate) fn new_message(&self, conversation_id: i64, text: &str, received_at: At) -> MessageRow {
        MessageRow {
            id: self.id(),
            public_id: public_id(),
            conversation_id,
            direction: "in".into(),
            channel: SMS.into(),
            channel_kind: "sms".into(),
            class: "reply".into(),
            subject: None,
            text: text.into(),
            folded: String::new(),
            envelope_id: None,
            ordinal: 0,
            delivery_id: None,
            officer_id: None,
            message_id_header: None,
            method: "pair".into(),
            confidence: "certain".into(),
            evidence: "The only alert from that number".into(),
            third_party: false,
            possible_duplicate: false,
            raw_sha256: None,
            received_at,
            sender_trust: None,
            sender_evidence: None,
        }
    }

    /// A standing objection to all texts, by an envelope.
    pub(crate) fn new_suppression(&self, who: &str, channel: &str, source_envelope_id: Option<i64>) -> SuppressionRow {
        SuppressionRow {
            id: self.id(),
            match_key: key(who),
            channel: channel.into(),
            scope: "all".into(),
            reason: "stop".into(),
            evidence: "texted \"STOP\"".into(),
            source_envelope_id,
            created_at: now(),
            lifted_at: None,
            lifted_by: None,
        }
    }
}
