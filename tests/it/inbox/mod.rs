//! What officers do to conversations, on both databases: each act, its undo, and what it refuses.

mod acts;
mod answering;
mod canned;
mod carrying;
mod elsewhere;
mod leaving_out;
mod lists;
mod many;
mod taking_back;

use huecry::domain::At;
use huecry::store::accounts::OfficerRow;
use huecry::store::alerts::AlertRow;
use huecry::store::conversations::{self, ConversationRow};
use huecry::store::messages::{self, MessageRow};
use huecry::store::undos;
use huecry::store::{accounts, deliveries};

use crate::support::app::TestApp;
use crate::support::db::TestDb;

/// One of the owner's conversations: three texts came in about an alert of theirs, an answer went out before the last.
pub(crate) struct Talk {
    pub(crate) alert: AlertRow,
    pub(crate) row: ConversationRow,
    pub(crate) messages: Vec<MessageRow>,
}

pub(crate) async fn talk(t: &TestApp, db: &TestDb, from: &str) -> Talk {
    let alert = db.add_alert(t.owner.id, &[]).await;
    let person = db.add_correspondent(from).await;
    let at = |minute: i64| t.app.now().plus_ms((minute - 60) * 60_000);
    let row = ConversationRow {
        owner_id: Some(t.owner.id),
        team_id: t.owner.team_id,
        waiting_since: Some(at(3)),
        due_at: Some(huecry::domain::place::due(at(3), 0)),
        messages_count: 4,
        last_message_at: at(3),
        preview: "The third".into(),
        unread: true,
        ..db.new_conversation(Some(alert.id), person.id)
    };
    let row = conversations::insert_or_find(&mut db.write().await, row).await.unwrap().0;
    let answer = db.new_delivery(&alert, from);
    let answer = deliveries::DeliveryRow { purpose: "reply".into(), source_id: row.id, conversation_id: Some(row.id), ..answer };
    deliveries::insert(&mut db.write().await, vec![answer.clone()]).await.unwrap();
    let texts = [("The first", at(0)), ("The second", at(1)), ("Our answer", at(2)), ("The third", at(3))];
    let mut rows = Vec::new();
    for (text, moment) in texts {
        let mut message = db.new_message(row.id, text, moment);
        if text == "Our answer" {
            message.direction = "out".into();
            message.delivery_id = Some(answer.id);
        }
        messages::insert(&mut db.write().await, &message).await.unwrap();
        rows.push(message);
    }
    Talk { alert, row, messages: rows }
}

/// A conversation as it stands now.
pub(crate) async fn now_of(db: &TestDb, id: i64) -> ConversationRow {
    conversations::get(&mut db.read().await, id).await.unwrap()
}

/// Everything of a conversation that an act may change, but for its version, which only rises.
pub(crate) async fn stands(db: &TestDb, id: i64) -> String {
    let mut conn = db.read().await;
    let stood = undos::look(&mut conn, id).await.unwrap();
    let unread = conversations::get(&mut conn, id).await.unwrap().unread;
    let ties = undos::list_ties(&mut conn, id).await.unwrap();
    let carried = undos::list_carried(&mut conn, id).await.unwrap();
    let tags: Vec<String> = huecry::store::tags::list_of(&mut conn, id).await.unwrap().into_iter().map(|tag| tag.name).collect();
    let mark = huecry::store::marks::find(&mut conn, id).await.unwrap();
    let handovers = huecry::store::handovers::list_of(&mut conn, id).await.unwrap();
    format!("{stood:#?} {unread} {ties:#?} {carried:#?} {tags:?} {mark:?} {handovers:?}")
}

/// What an officer is offered to take back.
pub(crate) async fn offered(t: &TestApp, officer: &OfficerRow) -> Option<huecry::inbox::undo::Offer> {
    huecry::inbox::undo::offered(&mut t.app.read().await.unwrap(), officer.id, t.app.now()).await.unwrap()
}

pub(crate) async fn officer(db: &TestDb, email: &str) -> OfficerRow {
    accounts::find_officer_by_email(&mut db.read().await, email).await.unwrap().unwrap()
}

/// The sentences of a conversation's history.
pub(crate) async fn history(db: &TestDb, id: i64) -> Vec<String> {
    conversations::list_events(&mut db.read().await, id).await.unwrap().into_iter().map(|event| event.detail).collect()
}

/// A person writes again.
pub(crate) async fn another_text(db: &TestDb, talk: &Talk, at: At) {
    let message = db.new_message(talk.row.id, "And another", at);
    let mut conn = db.write().await;
    messages::insert(&mut conn, &message).await.unwrap();
    let via = Some(("sms".to_owned(), "sms".to_owned(), crate::support::rows::OUR_NUMBER.to_owned()));
    let touch = conversations::Touch { preview: "And another".into(), attachments: 0, inbound: true, via, at };
    conversations::touch(&mut conn, talk.row.id, &touch).await.unwrap();
}
