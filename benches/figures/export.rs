//! `export_50x4mb`: a conversation with 50 files of 4 MB taken out as evidence: from the officer's wish to the ZIP under its
//! hash, checked afterwards.

use std::time::Instant;

use huecry::app::App;
use huecry::domain::{Address, ids, place};
use huecry::inbox::evidence::{check, export};
use huecry::store::Backend;
use huecry::store::accounts::{self, OfficerRow};
use huecry::store::conversations::{self, ConversationRow};
use huecry::store::correspondents::{self, CorrespondentRow};
use huecry::store::exports;
use huecry::store::messages::{self, AttachmentRow, MessageRow};

use crate::bed::Bed;
use crate::figure::{Figure, Report, Surroundings};
use crate::seed;

pub(crate) const NAMES: &[&str] = &["export_50x4mb"];
const FILES: i64 = 50;
const FILE_BYTES: usize = 4_000_000;
/// Seconds.
const AIM: f64 = 10.0;

pub(crate) async fn measure(backend: Backend, report: &mut Report) -> anyhow::Result<()> {
    let bed = Bed::make(backend).await?;
    let measured = measure_on(&bed, report).await;
    bed.close().await?;
    measured
}

async fn measure_on(bed: &Bed, report: &mut Report) -> anyhow::Result<()> {
    let word = bed.backend.as_str();
    eprintln!("figures: export_50x4mb on {word}");
    let app = bed.app().await?;
    let (officer, conversation) = plant(&app).await?;
    let around = Surroundings::look(&bed.disk())?;
    let begun = Instant::now();
    let asked = export::ask(&app, &officer, &conversation).await?;
    anyhow::ensure!(export::run_once(&app).await?, "nobody asked for an export");
    let took = begun.elapsed();
    let row = exports::find(&mut app.read().await?, &asked.public_id).await?;
    let row = row.filter(|row| row.status == "ready").ok_or_else(|| anyhow::anyhow!("the export failed"))?;
    let hash = hex::encode(row.sha256.unwrap_or_default());
    let kept = app.config().files.dir.join(hash.get(..2).unwrap_or_default()).join(&hash);
    let checked = check::check(&kept, None)?;
    anyhow::ensure!(checked.ok && checked.files == 54, "the export is not whole: {checked:?}");
    report.add(Figure::new("export_50x4mb", word, took.as_secs_f64(), "s", around).at_most(AIM))
}

async fn plant(app: &App) -> anyhow::Result<(OfficerRow, ConversationRow)> {
    let now = app.now();
    let officer = seed::officer(app, now);
    let address = Address::from_stored("phone", &seed::phone(1));
    let correspondent = CorrespondentRow {
        id: app.next_id(),
        public_id: ids::public_id(),
        match_key: app.match_key(&address),
        kind: "phone".into(),
        address: seed::phone(1),
        name: None,
        created_at: now,
        owner_doubt_at: None,
    };
    let mut conn = app.write().await?;
    accounts::insert_officers(&mut conn, vec![officer.clone()]).await?;
    let correspondent = correspondents::insert_or_find(&mut conn, correspondent).await?;
    let conversation = ConversationRow {
        id: app.next_id(),
        public_id: ids::public_id(),
        alert_id: None,
        correspondent_id: correspondent.id,
        status: "open".into(),
        certainty: "unattributed".into(),
        owner_id: None,
        team_id: None,
        channel: "sms".into(),
        channel_kind: "sms".into(),
        our_address: crate::webhook::OUR_NUMBER.into(),
        third_party: false,
        unread: false,
        preview: String::new(),
        messages_count: FILES,
        attachments_count: FILES,
        candidates: serde_json::json!([]),
        version: 1,
        first_human_at: None,
        last_message_at: now,
        created_at: now,
        closed_at: None,
        urgency: "none".into(),
        waiting_since: None,
        due_at: None,
        paused_at: None,
        outcome: None,
        claimed_by: None,
        claimed_until: None,
        place: place::settled(now),
    };
    let conversation = conversations::insert_or_find(&mut conn, conversation).await?.0;
    for number in 0..FILES {
        let message = message(app, &conversation);
        messages::insert(&mut conn, &message).await?;
        let bytes: Vec<u8> = (0..FILE_BYTES / 8).flat_map(|_| rand::random::<u64>().to_le_bytes()).collect();
        let sha256 = app.files().put(&bytes).await?.to_vec();
        let row = AttachmentRow {
            id: app.next_id(),
            message_id: message.id,
            ordinal: 0,
            filename: format!("photo {number}.jpg"),
            content_type: "image/jpeg".into(),
            size_bytes: i64::try_from(bytes.len())?,
            sha256,
            scan: "unscanned".into(),
            created_at: now,
        };
        messages::insert_attachments(&mut conn, vec![row]).await?;
    }
    Ok((officer, conversation))
}

fn message(app: &App, conversation: &ConversationRow) -> MessageRow {
    MessageRow {
        id: app.next_id(),
        public_id: ids::public_id(),
        conversation_id: conversation.id,
        direction: "in".into(),
        channel: "sms".into(),
        channel_kind: "sms".into(),
        class: "reply".into(),
        subject: None,
        text: "Seen by the church at nine.".into(),
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
        received_at: app.now(),
        sender_trust: None,
        sender_evidence: None,
    }
}
