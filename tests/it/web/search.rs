//! Search as officers meet it: what a conversation's page marks, who else has it, results, faults, and the trace it leaves.

use huecry::inbound::fill;
use huecry::store::views::search;
use huecry::store::{audit_log, search_entries};

use crate::support::app::{TestApp, eventually};
use crate::support::browser::{Answer, Client};
use crate::support::db::TestDb;

const ANN: &str = "+447700900101";
const BEN: &str = "+447700900102";

/// An alert of the owner's, answered by two people; gives the conversation of the first.
async fn sightings(t: &TestApp, db: &TestDb, first: &str, second: &str) -> String {
    t.add_resident(db, "Ann Archer", &[ANN], &[]).await;
    t.add_resident(db, "Ben Barlow", &[BEN], &[]).await;
    let mut owner = t.officer("owner@force.example").await;
    let reference = t.publish(&mut owner, "White van", "Did you see a white van?").await;
    for (phone, text) in [(ANN, first), (BEN, second)] {
        let number = t.wait_for_texts(phone, 1).await[0].0.clone();
        t.text(phone, &number, text).await;
    }
    let key = t.key(&["inbox"]).await;
    let all = t.wait_for_conversations(&key, &reference, 2).await;
    let anns = all.iter().find(|conversation| conversation["messages"][0]["text"] == first).unwrap();
    anns["id"].as_str().unwrap().to_owned()
}

async fn look(client: &mut Client, query: &str) -> Answer {
    client.get(&format!("/inbox/search?{query}")).await
}

on_both!(what_was_recognised_is_marked_and_leads_to_whoever_else_has_it, async |db| {
    let t = TestApp::start(db).await;
    let anns = sightings(&t, db, "Silver Golf AB12 CDE & <b>at</b> DE45 1AA, 9.30pm", "i saw ab12cde too").await;
    let mut owner = t.officer("owner@force.example").await;
    let page = owner.get(&format!("/inbox/{anns}")).await.body;
    assert!(page.contains("href=\"/inbox/search?found=plate%3AAB12CDE\""), "{page}");
    assert!(page.contains("<mark>AB12 CDE</mark>") && page.contains("<mark>DE45 1AA</mark>") && page.contains("<mark>9.30pm</mark>"), "{page}");
    assert!(!page.contains("<b>at</b>"), "what they wrote stays their words");
    assert!(page.contains("id=\"findings\"") && page.contains("<b>1 other</b>") && page.contains("nobody else"), "{page}");

    let found = look(&mut owner, "found=plate%3AAB12CDE").await;
    assert_eq!(found.status, 200);
    assert!(found.body.contains("Who else saw AB12 CDE?") && found.body.contains("2 conversations"), "{}", found.body);
    assert!(found.body.contains("Ann Archer") && found.body.contains("Ben Barlow") && found.body.contains("<mark>ab12cde</mark>"), "{}", found.body);

    // Another team's officer learns nothing, not even that there is something.
    let mut stranger = t.officer("stranger@force.example").await;
    let nothing = look(&mut stranger, "found=plate%3AAB12CDE").await.body;
    assert!(nothing.contains("No conversation that you may see has it") && !nothing.contains("may not see"), "{nothing}");
    // Who supervises them is told how many there are.
    supervise(db, "stranger@force.example").await;
    let told = look(&mut stranger, "found=plate%3AAB12CDE").await.body;
    assert!(told.contains("2 conversations that you may not see have it too"), "{told}");
    assert!(!told.contains("Ann Archer"), "{told}");
    t.stop().await;
});

async fn supervise(db: &TestDb, email: &str) {
    use diesel::prelude::*;
    use diesel_async::RunQueryDsl;
    use huecry::store::schema::officers::dsl;
    let mut conn = db.write().await;
    huecry::on!(&mut conn, c => diesel::update(dsl::officers.filter(dsl::email.eq(email))).set(dsl::role.eq("supervisor")).execute(c).await).unwrap();
}

on_both!(words_are_found_with_what_stands_around_them_and_the_search_leaves_a_trace_without_them, async |db| {
    let t = TestApp::start(db).await;
    sightings(&t, db, "A white van with ladders by the chapel", "No van here, only a café").await;
    let mut owner = t.officer("owner@force.example").await;
    let found = look(&mut owner, "q=white+van").await;
    assert_eq!(found.status, 200);
    assert!(found.body.contains("1 conversation<") && found.body.contains("<mark>white</mark> <mark>van</mark> with ladders"), "{}", found.body);
    assert!(look(&mut owner, "q=van").await.body.contains("2 conversations"));
    assert!(look(&mut owner, "q=CAFE").await.body.contains("<mark>café</mark>"));
    assert!(look(&mut owner, "q=van+-ladder*").await.body.contains("1 conversation<"));
    assert!(look(&mut owner, "q=van&view=closed").await.body.contains("Nothing fits"));
    assert!(look(&mut owner, "q=van&from=2001-01-01&to=2001-12-31").await.body.contains("Nothing fits"));
    assert!(look(&mut owner, "q=van&in=notes").await.body.contains("Look for it without the choices"));
    let mut stranger = t.officer("stranger@force.example").await;
    assert!(look(&mut stranger, "q=ladders").await.body.contains("Nothing fits"), "what is not theirs does not exist");

    let own = huecry::store::accounts::find_officer_by_email(&mut db.read().await, "owner@force.example").await.unwrap().unwrap().id;
    let entries = searches(db).await;
    let first = entries.iter().find(|entry| entry.detail["words"] == 2).unwrap();
    assert_eq!((first.officer_id, &first.detail["found"]), (Some(own), &serde_json::json!(1)));
    assert_eq!(first.detail["digest"].as_str().unwrap().len(), 32);
    assert_eq!(entries.len(), 8, "each search is an entry");
    assert!(entries.iter().all(|entry| !entry.detail.to_string().contains("ladder") && !entry.detail.to_string().contains("van")));
    t.stop().await;
});

async fn searches(db: &TestDb) -> Vec<audit_log::AuditRow> {
    use diesel::prelude::*;
    use diesel_async::RunQueryDsl;
    use huecry::store::schema::audit_log::dsl;
    let mut conn = db.read().await;
    huecry::on!(&mut conn, c => dsl::audit_log
        .filter(dsl::action.eq("search"))
        .order(dsl::id)
        .select(audit_log::AuditRow::as_select())
        .load(c)
        .await)
    .unwrap()
}

on_both!(a_line_that_cannot_be_looked_for_says_what_to_write, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    let mut owner = t.officer("owner@force.example").await;
    assert!(look(&mut owner, "").await.body.contains("What can be found"));
    for (query, told) in [
        ("q=%22white+van", "Close the quotation marks"),
        ("q=van+OR+car", "Leave out OR"),
        ("q=-van", "Add a word to look for"),
        ("q=v*", "Put * behind at least two letters"),
        ("q=from%3Abob", "Leave out from:"),
        ("q=&alert=K7Q2M", "Write a word"),
        ("q=van&alert=NOPE", "There is no alert with this reference"),
        ("q=van&from=soon", "Enter a day like"),
        ("q=van&from=2026-02-02&to=2026-01-01", "not before the first one"),
        ("found=shoe%3A9", "names nothing that can be recognised"),
    ] {
        let answer = look(&mut owner, query).await;
        assert_eq!(answer.status, 422, "{query}");
        assert!(answer.body.contains(told) && answer.body.contains("There is a problem"), "{query}: {}", answer.body);
    }
    // Nothing in a line reaches the database's own language, and nothing comes back as anything but words.
    for line in [
        "'; DROP TABLE messages; --",
        "a' & !b | c:* <-> d",
        "words : x NEAR/2 y",
        "\\\\ %_ {x} ^y",
        "<script>alert(1)</script>",
        "\u{1F6A8} e\u{301}",
        "x\u{0}y",
    ] {
        let query: String = form_urlencoded::Serializer::new(String::new()).append_pair("q", line).finish();
        let answer = look(&mut owner, &query).await;
        assert!([200, 422].contains(&answer.status), "{line}: {}", answer.status);
        assert!(!answer.body.contains("<script>alert"), "{line}");
    }
    t.stop().await;
});

on_both!(pages_of_results_lead_on_and_back, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    let alert = db.add_alert(t.owner.id, &[]).await;
    for place in 0..65 {
        let correspondent = db.add_correspondent(&format!("0770090{:04}", 100 + place)).await;
        let mut row = db.new_conversation(Some(alert.id), correspondent.id);
        row.owner_id = Some(t.owner.id);
        let (row, _) = huecry::store::conversations::insert_or_find(&mut db.write().await, row).await.unwrap();
        let message = db.new_message(row.id, &format!("heron number {place}"), crate::support::now());
        huecry::store::messages::insert(&mut db.write().await, &message).await.unwrap();
    }
    let mut owner = t.officer("owner@force.example").await;
    let first = look(&mut owner, "q=heron").await.body;
    assert!(
        first.contains("65 conversations") && first.contains("Page 1 of 3") && first.contains("q=heron&#38;page=2") && !first.contains("Previous page"),
        "{first}"
    );
    let last = look(&mut owner, "q=heron&page=3").await.body;
    assert!(last.contains("Page 3 of 3") && last.matches("class=\"row").count() >= 5 && !last.contains("Next page"), "{last}");
    t.stop().await;
});

on_both!(what_was_filed_before_search_is_filled_in_from_where_it_stopped, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    let alert = db.add_alert(t.owner.id, &[]).await;
    let correspondent = db.add_correspondent("07700 900101").await;
    let conversation = db.add_conversation(Some(alert.id), correspondent.id).await;
    for place in 0..450 {
        let message = db.new_message(conversation.id, &format!("AB12 CDE, for the {place}th time"), crate::support::now());
        huecry::store::messages::insert(&mut db.write().await, &message).await.unwrap();
    }
    search_entries::forget(&mut db.write().await, conversation.id).await.unwrap();
    let known = async || {
        let sight = huecry::domain::sight::Sight { force: true, ..huecry::domain::sight::Sight::of_officer(1, None) };
        search::sharing(&mut db.read().await, "plate", "AB12CDE", &sight).await.unwrap().0.len()
    };
    assert_eq!(known().await, 0);
    assert!(fill::run_once(&t.app).await.unwrap(), "there is more");
    assert_eq!(known().await, 1);
    assert!(fill::run_once(&t.app).await.unwrap());
    assert!(!fill::run_once(&t.app).await.unwrap(), "the last of it");
    assert_eq!(search_entries::forget(&mut db.write().await, conversation.id).await.unwrap(), 450, "every message was entered once");
    assert!(!fill::run_once(&t.app).await.unwrap());
    assert_eq!(known().await, 0, "what is forgotten stays so");
    t.stop().await;
});

on_both!(the_worker_fills_in_by_itself, async |db| {
    let t = TestApp::start(db).await;
    eventually("the worker to have looked at all", async || {
        let done = huecry::store::settings::find(&mut db.read().await, "search_filled_down_to").await.unwrap();
        (done.as_deref() == Some("0")).then_some(())
    })
    .await;
    t.stop().await;
});
