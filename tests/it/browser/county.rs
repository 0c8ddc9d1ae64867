//! The demonstration's county in a test: its places, officers and 2,000 residents, and what some of them wrote.

use diesel_async::RunQueryDsl;
use huecry::demo::seed::{self, Planted, SimPerson};
use huecry::on;
use huecry::store::envelopes::{self, EnvelopeRow};
use serde_json::json;

use crate::support::app::{DISTRICT, POOL, TestApp};
use crate::support::browser::Client;
use crate::support::db::TestDb;

/// Nobody in the register has this number.
const STRANGER: &str = "+447700900985";
/// What was seen, in the order in which it comes in.
const SIGHTINGS: [&str; 12] = [
    "There was a white van outside the chapel on Tuesday as well, same time.",
    "No, but my neighbour has a camera that looks down the lane. Shall I ask him?",
    "Saw it turn up towards the quarry about ten past nine.",
    "Two men, one in a hi-vis jacket. They asked if I had any scrap.",
    "Not seen anything here but will keep an eye out",
    "My dog went mad about 9, looked out and a van was reversing down Mill Lane with its lights off.",
    "Think it was a Transit, older shape. Back door was dented.",
    "It was parked by the allotments this morning, I thought it was the council",
    "Reg started FJ58 I am nearly sure",
    "Is this the one that took the catalytic converters in Matlock?",
    "Yes! Nearly hit me at the bridge. White, ladder on the roof, going towards Bakewell.",
    "Yes, by the church at nine. Have it on my doorbell, do you want the film?",
];

/// The county, and who in it matters to the test.
pub(super) struct County {
    /// Sign-in name of a sergeant of the Derbyshire Dales.
    pub(super) sergeant: String,
    /// Residents of the sergeant's district who are sent texts and wrote, the latest last.
    pub(super) witnesses: Vec<SimPerson>,
    /// Which of our numbers the last of them wrote to.
    pub(super) number: String,
}

/// Puts the demonstration's places and people where the test's own were.
pub(super) async fn plant(db: &TestDb, t: &TestApp) -> Planted {
    let mut conn = db.write().await;
    for table in ["postcodes", "officers", "teams", "interest_groups", "areas"] {
        on!(&mut conn, c => diesel::sql_query(format!("DELETE FROM {table}")).execute(c).await).unwrap();
    }
    drop(conn);
    seed::plant(&t.app).await.unwrap()
}

/// The sergeant of the test's district.
pub(super) fn sergeant(planted: &Planted) -> String {
    planted.officers.iter().find(|(_, _, team)| team.contains("Derbyshire Dales")).unwrap().1.clone()
}

/// Once everybody has the alert, lets a dozen people of the district answer it by text and one by mail; besides, one text that
/// belongs nowhere and one envelope that could not be read.
pub(super) async fn stir(db: &TestDb, t: &TestApp, planted: &Planted, reference: &str) -> County {
    let key = t.key(&["alerts", "inbox"]).await;
    let mut sightings = SIGHTINGS.iter();
    let (mut witnesses, mut number, mut mailed) = (Vec::new(), String::new(), None);
    // Some of the county's people have opted out or switched off what they once gave: they are sent nothing.
    for person in planted.people.iter().filter(|person| person.place.contains("Derbyshire Dales")) {
        match (&person.phone, &person.email) {
            (Some(phone), _) => {
                let Some((from, _)) = t.texts(phone).await.pop() else { continue };
                let Some(words) = sightings.next() else { continue };
                t.text(phone, &from, words).await;
                witnesses.push(person.clone());
                number = from;
            }
            (None, Some(email)) if mailed.is_none() => mailed = t.mails(email).await.pop().map(|mail| (email.clone(), mail)),
            _ => {}
        }
    }
    let (email, mail) = mailed.unwrap();
    let plate = json!([{ "name": "number.txt", "content_type": "text/plain", "base64": "Rko1OCBhbmQgdGhlbiBhIFc/Cg==" }]);
    t.mail(&email, json!({ "mail_id": mail["id"], "text": "I wrote down what I saw of the number plate, see the note.", "attachments": plate })).await;
    t.text(STRANGER, POOL[0], "Hello, someone at the pub said you want to know about a van?").await;
    t.wait_for_conversations(&key, reference, SIGHTINGS.len() + 1).await;
    park(db).await;
    County { sergeant: sergeant(planted), witnesses, number }
}

/// Publishes an alert to the district without a browser; gives its reference.
pub(super) async fn publish(client: &mut Client, title: &str, urgency: &str, text: &str) -> String {
    client.get("/alerts/new").await;
    let token = huecry::domain::ids::public_id();
    let fields = [
        ("title", title),
        ("kind", "appeal"),
        ("urgency", urgency),
        ("sms_text", text),
        ("email_subject", title),
        ("email_body", text),
        ("area", DISTRICT),
        ("token", token.as_str()),
        ("action", "publish"),
    ];
    let answer = client.submit("/alerts/new", &fields).await;
    assert_eq!(answer.status, 303, "the alert was not published: {}", answer.body);
    answer.location.unwrap().rsplit('/').next().unwrap().to_owned()
}

async fn park(db: &TestDb) {
    let row = db.new_envelope(STRANGER, b"From=%2B447700900985&Body=%ff");
    let parked = EnvelopeRow { status: "parked".into(), reason: Some("The body is not UTF-8".into()), ..row };
    envelopes::insert_new(&mut db.write().await, vec![parked]).await.unwrap();
}
