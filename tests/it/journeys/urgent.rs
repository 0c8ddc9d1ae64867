//! A reply that cannot wait: it stands first, its officer is told at once, and the duty desk if nobody takes it up.

use huecry::domain::place::Urgency;
use huecry::store::{conversations, nudges, urgencies};
use serde_json::json;

use crate::support::app::{TestApp, eventually};
use crate::support::db::TestDb;

const ANN: &str = "+447700900101";
const BOB: &str = "+447700900102";
const NOW: &str = "He's here now outside my house with a knife, he says he will kill her. Please send somebody";

async fn told(db: &TestDb, officer_id: i64) -> Vec<String> {
    nudges::list_unseen(&mut db.read().await, officer_id, 9).await.unwrap().into_iter().map(|(nudge, _)| nudge.kind).collect()
}

on_both!(danger_stands_first_and_its_officer_is_told_at_once_then_the_duty_desk, async |db| {
    // The automatic answer is wanted here: acknowledge.
    let t = TestApp::start_with(db, "# acknowledge", true).await;
    for phone in [ANN, BOB] {
        t.add_resident(db, "Ann", &[phone], &[]).await;
    }
    let mut officer = t.officer("owner@force.example").await;
    let reference = t.publish(&mut officer, "White van", "Did you see a white van?").await;
    for phone in [ANN, BOB] {
        let from = t.wait_for_texts(phone, 1).await[0].0.clone();
        t.text(phone, &from, if phone == ANN { "It stood by the church all morning" } else { NOW }).await;
        // The first automatic answer, with where to turn in an emergency.
        let answer = t.wait_for_texts(phone, 2).await.pop().unwrap().1;
        assert!(answer.contains("999"), "{answer}");
        assert_eq!(answer.contains("in danger call 999 now"), phone == BOB, "{answer}");
    }
    let inbox = t.key(&["inbox"]).await;
    let both = t.wait_for_conversations(&inbox, &reference, 2).await;
    let id = both.iter().find(|row| row["messages"][0]["text"] == NOW).unwrap()["id"].as_str().unwrap().to_owned();
    let list = officer.get("/inbox").await.body;
    assert!(list.find(&id).unwrap() < list.find("by the church").unwrap(), "danger stands first: {list}");
    assert!(list.contains("Life at risk") && list.contains("Due in"), "{list}");

    eventually("the owner to be told", async || (told(db, t.owner.id).await == ["urgent"]).then_some(())).await;
    let mail = t.wait_for_mails("owner@force.example", 1).await.remove(0);
    let words = mail.to_string();
    assert!(words.contains(&format!("/inbox/{id}")) && !words.contains("knife"), "a link and nothing that was written: {words}");
    let row = conversations::find(&mut db.read().await, &id).await.unwrap().unwrap();
    assert_eq!(row.urgency, "life");

    // Two minutes later nobody has taken it up: with no duty desk and no supervisor it is the team's.
    let before = row.last_message_at.plus_ms(-130_000);
    urgencies::raise(&mut db.write().await, row.id, Urgency::Life, &json!([]), before, None).await.unwrap();
    eventually("the team to be told", async || told(db, t.owner.id).await.iter().any(|kind| kind == "desk").then_some(())).await;
    let page = officer.get(&format!("/inbox/{id}")).await.body;
    assert!(page.contains("I have it") && page.contains("a knife"), "the words that say so: {page}");
    assert_eq!(told(db, t.owner.id).await, [""; 0], "whoever looks knows");
    assert_eq!(officer.submit(&format!("/inbox/{id}/take-up"), &[]).await.status, 303);
    assert!(officer.get(&format!("/inbox/{id}")).await.body.contains("Taken up"));
    t.stop().await;
});

on_both!(a_pause_needs_a_reason_and_ends_when_they_write_again, async |db| {
    let t = TestApp::start(db).await;
    t.add_resident(db, "Ann", &[ANN], &[]).await;
    let mut officer = t.officer("owner@force.example").await;
    let reference = t.publish(&mut officer, "White van", "Did you see a white van?").await;
    let from = t.wait_for_texts(ANN, 1).await[0].0.clone();
    t.text(ANN, &from, "It stood by the church").await;
    let inbox = t.key(&["inbox"]).await;
    let id = t.wait_for_conversations(&inbox, &reference, 1).await[0]["id"].as_str().unwrap().to_owned();
    let path = format!("/inbox/{id}");
    officer.get(&path).await;
    let refused = officer.submit(&format!("{path}/pause"), &[("reason", " ")]).await;
    assert!(refused.status == 422 && refused.body.contains("Say why"), "{}", refused.body);
    assert_eq!(officer.submit(&format!("{path}/pause"), &[("reason", "Waiting for the church's film")]).await.status, 303);
    let page = officer.get(&path).await.body;
    assert!(page.contains("Clock stopped") && page.contains("the church&#39;s film"), "{page}");
    t.text(ANN, &from, "And it had a dent").await;
    eventually("the clock to run again", async || officer_sees_due(db, &id).await.then_some(())).await;
    t.stop().await;
});

async fn officer_sees_due(db: &TestDb, id: &str) -> bool {
    let row = conversations::find(&mut db.read().await, id).await.unwrap().unwrap();
    row.due_at.is_some() && row.paused_at.is_none()
}

on_both!(a_list_is_narrowed_and_kept_under_a_name, async |db| {
    let t = TestApp::start(db).await;
    let mut officer = t.officer("owner@force.example").await;
    let page = officer.get("/inbox?view=all&channel=sms&photo=1&urgency=life").await.body;
    assert!(page.contains("Nothing fits this filter"), "{page}");
    let query = "view=all&channel=sms&urgency=life&photo=1";
    assert_eq!(officer.submit("/inbox/views", &[("name", "Urgent photos"), ("query", &format!("{query}&evil=1"))]).await.status, 303);
    let page = officer.get(&format!("/inbox?{query}")).await.body;
    assert!(page.contains("Urgent photos") && page.contains("Forget") && !page.contains("evil"), "{page}");
    let mut other = t.officer("mate@force.example").await;
    assert!(!other.get("/inbox").await.body.contains("Urgent photos"), "it is theirs alone");
    t.stop().await;
});

on_both!(danger_in_a_subject_is_heeded_and_what_stands_there_is_found, async |db| {
    let t = TestApp::start_with(db, "# acknowledge", true).await;
    t.mail("cat@example.org", json!({ "subject": "Man with a knife at the school gate now, van AB12 CDE", "to": crate::support::app::PUBLISHED, "text": "" }))
        .await;
    let row = eventually("the mail in the tray", async || {
        let person = huecry::store::correspondents::find_by_match_key(&mut db.read().await, &crate::support::rows::key("cat@example.org")).await.unwrap()?;
        conversations::find_of(&mut db.read().await, None, person.id).await.unwrap()
    })
    .await;
    assert_eq!((row.urgency.as_str(), row.preview.starts_with("Man with a knife")), ("life", true));
    let message = huecry::store::messages::last_inbound(&mut db.read().await, row.id).await.unwrap().unwrap();
    let found = huecry::store::findings::list_of(&mut db.read().await, &[message.id]).await.unwrap();
    assert!(found.iter().any(|finding| finding.value == "AB12CDE" && finding.start < 0), "{found:?}");
    let first = t.wait_for_mails("cat@example.org", 1).await.remove(0).to_string();
    assert!(first.contains("call 999 now") && first.contains("101"), "{first}");
    // A second one of the day is answered again: they may have read only that.
    t.mail("cat@example.org", json!({ "subject": "He has a knife, he is inside now", "to": crate::support::app::PUBLISHED, "text": "" })).await;
    t.wait_for_mails("cat@example.org", 2).await;
    t.stop().await;
});
