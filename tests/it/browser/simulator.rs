//! Residents' phones and mailboxes, as anybody who tries the demonstration uses them.

use crate::support::app::TestApp;
use crate::support::chromium::Chromium;
use crate::support::db::TestDb;

const ANN: &str = "+447700900101";
const PHONE_PAGE: &str = "/phones/%2B447700900101";

#[tokio::test(flavor = "multi_thread")]
async fn people_answer_from_their_phone_and_mailbox_pages() {
    let db = TestDb::sqlite().await;
    let t = TestApp::start(&db).await;
    t.add_resident(&db, "Ann Archer", &[ANN], &[]).await;
    t.add_resident(&db, "Bob Barlow", &["bob@example.org"], &[]).await;
    let person = Chromium::start(&db, &t.sim_url).await;
    person.open(PHONE_PAGE).await;
    person.sees("#threads", "No texts yet").await;
    person.mark().await;
    let mut officer = t.officer("owner@force.example").await;
    let reference = t.publish(&mut officer, "White van", "Did you see a white van?").await;
    t.wait_for_texts(ANN, 1).await;
    t.wait_for_mails("bob@example.org", 1).await;
    person.sees("#threads", "Did you see a white van?").await;

    // The page that opened before there was a thread leads on to the thread; there the answer is written.
    person.open(PHONE_PAGE).await;
    person.sees(".bubble.received", "Did you see a white van?").await;
    person.fill("#text", "Yes, by the church").await;
    person.click(".composer button").await;
    person.sees(".bubble.sent", "Yes, by the church").await;
    let key = t.key(&["inbox"]).await;
    let said = t.wait_for_conversations(&key, &reference, 1).await.remove(0);
    assert_eq!(said["messages"][0]["text"], "Yes, by the church");
    person.console_is_quiet().await;

    mails_a_file(&t, &db, &person, &key, &reference).await;

    person.open(PHONE_PAGE).await;
    person.click(".chip[value=STOP]").await;
    person.sees(".bubble.sent", "STOP").await;
    person.mark().await;
    person.sees(".bubble.received", "no more texts").await;
    assert!(person.is_marked().await, "the confirmation came into the page that was open");
    person.console_is_quiet().await;
    person.close().await;
    t.stop().await;
}

async fn mails_a_file(t: &TestApp, db: &TestDb, person: &Chromium, key: &str, reference: &str) {
    let photo = db.folder().join("van.txt");
    std::fs::write(&photo, "K7 something, white, one wing mirror missing\n").unwrap();
    person.open("/mailboxes/bob@example.org").await;
    person.click("#mails a").await;
    person.sees(".mail .body", "Did you see a white van?").await;
    person.fill("#text", "I wrote its number down.").await;
    person.write("#files", photo.to_str().unwrap()).await;
    person.click(".letter button").await;
    person.sees(".notice", "the gateway took it").await;
    person.console_is_quiet().await;
    let list = t.wait_for_conversations(key, reference, 2).await;
    let bob = list.iter().find(|said| said["messages"][0]["text"] == "I wrote its number down.").unwrap();
    assert_eq!(bob["messages"][0]["attachments"][0]["filename"], "van.txt");
}
