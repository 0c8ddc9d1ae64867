//! What stands in the database before replies come: an alert, and 2,000 residents who have had it.

use huecry::app::App;
use huecry::domain::delivery::{Purpose, Status};
use huecry::domain::token::{self, Use};
use huecry::domain::{Address, At, ids, reference};
use huecry::store::Db;
use huecry::store::accounts::{self, OfficerRow};
use huecry::store::alerts::{self, AlertRow, AlertTextRow};
use huecry::store::deliveries::{self, DeliveryRow};
use huecry::store::residents::{self, AddressRow, ResidentRow};

use crate::webhook::OUR_NUMBER;

pub(crate) const RESIDENTS: usize = 2_000;

/// The phone of a resident: of Ofcom's drama ranges for mobiles and for no area, a thousand each.
pub(crate) fn phone(resident: usize) -> String {
    let last = resident % 1_000;
    if resident % RESIDENTS < 1_000 { format!("+447700900{last:03}") } else { format!("+441632960{last:03}") }
}

/// The mailbox of a resident.
pub(crate) fn mailbox(resident: usize) -> String {
    format!("resident{}@example.org", resident % RESIDENTS)
}

/// Fills the database with an alert that went out by mail; gives the address that each resident answers to.
pub(crate) async fn plant_mails(app: &App) -> anyhow::Result<Vec<String>> {
    let now = app.now();
    let (officer, alert) = (officer(app, now), alert(app, now));
    let alert = AlertRow { owner_id: officer.id, expected_sms: 0, expected_email: 2_000, ..alert };
    let text = AlertTextRow {
        id: app.next_id(),
        alert_id: alert.id,
        version: 1,
        language: "en".into(),
        channel_kind: "email".into(),
        subject: "A van".into(),
        body: "A van was taken from the station. Have you seen it?".into(),
    };
    let key = app.keyring().signing().ok_or_else(|| anyhow::anyhow!("there is no key"))?;
    let (mut people, mut addresses, mut sent, mut answers) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for resident in 0..RESIDENTS {
        let address = Address::from_stored("email", &mailbox(resident));
        let (person, theirs) = joined(app, &address, now);
        let delivery = DeliveryRow {
            channel_kind: "email".into(),
            channel: "mail".into(),
            sender: "alerts@reply.example.org".into(),
            provider_message_id: None,
            ..delivery(app, &alert, &address, now)
        };
        answers.push(format!("alerts+{}@reply.example.org", token::sign(key, Use::Reply, &delivery.token)));
        sent.push(delivery);
        people.push(person);
        addresses.push(theirs);
    }
    let mut conn = app.write().await?;
    conn.transaction(async |conn| {
        accounts::insert_officers(conn, vec![officer]).await?;
        alerts::insert(conn, &alert, vec![text], &[], &[]).await?;
        residents::insert(conn, people).await?;
        residents::insert_addresses(conn, addresses).await?;
        deliveries::insert(conn, sent).await
    })
    .await?;
    Ok(answers)
}

/// Fills the database.
pub(crate) async fn plant(app: &App) -> anyhow::Result<()> {
    let now = app.now();
    let (officer, alert) = (officer(app, now), alert(app, now));
    let alert = AlertRow { owner_id: officer.id, ..alert };
    let text = AlertTextRow {
        id: app.next_id(),
        alert_id: alert.id,
        version: 1,
        language: "en".into(),
        channel_kind: "sms".into(),
        subject: String::new(),
        body: "A van was taken from the station. Have you seen it?".into(),
    };
    let (mut people, mut addresses, mut sent) = (Vec::new(), Vec::new(), Vec::new());
    for resident in 0..RESIDENTS {
        let address = Address::from_stored("phone", &phone(resident));
        let (person, theirs) = joined(app, &address, now);
        sent.push(delivery(app, &alert, &address, now));
        people.push(person);
        addresses.push(theirs);
    }
    let mut conn = app.write().await?;
    conn.transaction(async |conn| {
        accounts::insert_officers(conn, vec![officer]).await?;
        alerts::insert(conn, &alert, vec![text], &[], &[]).await?;
        residents::insert(conn, people).await?;
        residents::insert_addresses(conn, addresses).await?;
        deliveries::insert(conn, sent).await
    })
    .await?;
    Ok(())
}

/// An officer in whose name alerts are published.
pub(crate) async fn plant_officer(app: &App, email: &str) -> anyhow::Result<()> {
    let row = OfficerRow { email: email.into(), ..officer(app, app.now()) };
    accounts::insert_officers(&mut app.write().await?, vec![row]).await?;
    Ok(())
}

/// The phone of a queued text; it goes to a carrier of the measurement's own.
pub(crate) fn queued_phone(serial: usize) -> String {
    format!("+4477009{serial:06}")
}

/// Fills the database with an alert of which nothing has left yet.
pub(crate) async fn plant_queue(app: &App, channel: &str, count: usize) -> anyhow::Result<()> {
    let now = app.now();
    let (officer, alert) = (officer(app, now), alert(app, now));
    let alert = AlertRow { owner_id: officer.id, expected_sms: i64::try_from(count)?, ..alert };
    let text = AlertTextRow {
        id: app.next_id(),
        alert_id: alert.id,
        version: 1,
        language: "en".into(),
        channel_kind: "sms".into(),
        subject: String::new(),
        body: "A van was taken from the station. Have you seen it?".into(),
    };
    let queued = |serial| DeliveryRow {
        status: Status::Queued.as_str().into(),
        rank: 0,
        attempts: 0,
        channel: channel.into(),
        provider_message_id: None,
        sending_at: None,
        accepted_at: None,
        ..delivery(app, &alert, &Address::from_stored("phone", &queued_phone(serial)), now)
    };
    let mut conn = app.write().await?;
    accounts::insert_officers(&mut conn, vec![officer]).await?;
    alerts::insert(&mut conn, &alert, vec![text], &[], &[]).await?;
    let serials: Vec<usize> = (0..count).collect();
    for chunk in serials.chunks(1_000) {
        let rows = chunk.iter().map(|serial| queued(*serial)).collect();
        conn.transaction(async |conn| deliveries::insert(conn, rows).await).await?;
    }
    Ok(())
}

/// Fills the database with an alert to mailboxes of which nothing has left yet, each mail of some bytes.
pub(crate) async fn plant_mails_out(app: &App, channel: &str, count: usize, bytes: usize) -> anyhow::Result<()> {
    let now = app.now();
    let (officer, alert) = (officer(app, now), alert(app, now));
    let alert = AlertRow { owner_id: officer.id, expected_email: i64::try_from(count)?, ..alert };
    let line = "A white van was taken from the station on Sunday night. Have you seen it?\n";
    let text = AlertTextRow {
        id: app.next_id(),
        alert_id: alert.id,
        version: 1,
        language: "en".into(),
        channel_kind: "email".into(),
        subject: "Have you seen this van?".into(),
        body: line.repeat(bytes / line.len()),
    };
    let queued = |serial: &usize| DeliveryRow {
        status: Status::Queued.as_str().into(),
        rank: 0,
        attempts: 0,
        channel: channel.into(),
        channel_kind: "email".into(),
        sender: "alerts@reply.example.org".into(),
        provider_message_id: None,
        sending_at: None,
        accepted_at: None,
        ..delivery(app, &alert, &Address::from_stored("email", &format!("person{serial}@example.org")), now)
    };
    let mut conn = app.write().await?;
    accounts::insert_officers(&mut conn, vec![officer]).await?;
    alerts::insert(&mut conn, &alert, vec![text], &[], &[]).await?;
    let serials: Vec<usize> = (0..count).collect();
    for chunk in serials.chunks(1_000) {
        conn.transaction(async |conn| deliveries::insert(conn, chunk.iter().map(queued).collect()).await).await?;
    }
    Ok(())
}

/// How many of a channel's texts are recorded as taken.
pub(crate) async fn count_accepted(db: &Db, channel: &str) -> anyhow::Result<i64> {
    use diesel::prelude::*;
    use diesel_async::RunQueryDsl;
    use huecry::store::schema::deliveries::dsl;
    let mut conn = db.read().await?;
    Ok(huecry::on!(&mut conn, c => dsl::deliveries.filter(dsl::channel.eq(channel).and(dsl::status.eq("accepted"))).count().get_result(c).await)?)
}

pub(crate) fn officer(app: &App, now: At) -> OfficerRow {
    OfficerRow {
        id: app.next_id(),
        email: "owner@force.example".into(),
        name: "PC Jane Doe".into(),
        password_hash: String::new(),
        role: "officer".into(),
        team_id: None,
        away_until: None,
        cover_id: None,
        disabled_at: None,
        created_at: now,
        reads_replies: false,
    }
}

fn alert(app: &App, now: At) -> AlertRow {
    AlertRow {
        id: app.next_id(),
        reference: reference::new_reference(),
        kind: "appeal".into(),
        urgency: "routine".into(),
        title: "A van taken from the station".into(),
        status: "live".into(),
        version: 1,
        owner_id: 0,
        team_id: None,
        token: None,
        send_again_on_doubt: false,
        audience_mark: 0,
        audience_cursor: 0,
        fan_out_owner: None,
        fan_out_until: None,
        expected_sms: 2_000,
        expected_email: 0,
        created_at: now,
        published_at: Some(now),
        fanned_out_at: Some(now),
        closed_at: None,
        two_way: true,
        audience_size: 2_000,
        queued_sms: 2_000,
        queued_email: 0,
        hold: None,
        held_at: None,
        unsettled: false,
        starts_at: None,
        starts_why: None,
    }
}

fn joined(app: &App, address: &Address, now: At) -> (ResidentRow, AddressRow) {
    let person = ResidentRow {
        id: app.next_id(),
        public_id: ids::public_id(),
        name: "A Resident".into(),
        postcode: "DE45 1AA".into(),
        language: "en".into(),
        source: "website".into(),
        created_at: now,
        left_at: None,
    };
    let theirs = AddressRow {
        id: app.next_id(),
        resident_id: person.id,
        kind: address.kind().into(),
        value: address.reveal().into(),
        match_key: app.match_key(address),
        enabled: true,
        verified_at: Some(now),
        bad_at: None,
        created_at: now,
    };
    (person, theirs)
}

fn delivery(app: &App, alert: &AlertRow, address: &Address, now: At) -> DeliveryRow {
    DeliveryRow {
        id: app.next_id(),
        purpose: Purpose::Alert.as_str().into(),
        source_id: alert.id,
        alert_id: Some(alert.id),
        conversation_id: None,
        match_key: app.match_key(address),
        address: address.reveal().into(),
        channel_kind: "sms".into(),
        channel: "sms".into(),
        sender: OUR_NUMBER.into(),
        priority: 5,
        status: Status::Delivered.as_str().into(),
        subject: None,
        body: None,
        token: ids::public_id(),
        in_reply_to: None,
        reference_ids: None,
        provider_message_id: Some(format!("SM{}", ids::public_id())),
        rank: Status::Delivered.rank(),
        attempts: 1,
        error_code: None,
        error_detail: None,
        lease_owner: None,
        lease_until: None,
        next_attempt_at: now,
        sending_at: Some(now),
        accepted_at: Some(now),
        finished_at: Some(now),
        created_at: now,
        expires_at: None,
    }
}

/// Somebody who sees all of the force's replies.
pub(crate) async fn reader(app: &App) -> anyhow::Result<i64> {
    let desk = OfficerRow { email: "desk@force.example".into(), name: "Duty desk".into(), role: "duty_desk".into(), ..officer(app, app.now()) };
    let id = desk.id;
    accounts::insert_officers(&mut app.write().await?, vec![desk]).await?;
    Ok(id)
}
