//! What people ask of us by text, in their own words: out, in, help, wrong number; and what is none of these.

use huecry::store::{deliveries, notices, residents, suppressions};
use serde_json::json;

use crate::support::app::{TestApp, eventually};
use crate::support::rows::key;

const ANN: &str = "+447700900101";

async fn stands(db: &crate::support::db::TestDb, phone: &str) -> bool {
    suppressions::find_standing(&mut db.read().await, &key(phone), "sms").await.unwrap().is_some()
}

on_both!(a_wish_in_a_sentence_takes_effect_with_its_envelope_and_is_confirmed_once, async |db| {
    let t = TestApp::start(db).await;
    t.add_resident(db, "Ann", &[ANN], &[]).await;
    let mut officer = t.officer("owner@force.example").await;
    t.publish(&mut officer, "First", "First alert").await;
    let from = t.wait_for_texts(ANN, 1).await[0].0.clone();
    t.text(ANN, &from, "please stop sending me these, I have moved to Leeds").await;
    assert!(stands(db, ANN).await, "as soon as the webhook is answered");
    let texts = t.wait_for_texts(ANN, 2).await;
    assert!(texts[1].1.contains("no more texts"), "{texts:?}");
    t.stop().await;
});

on_both!(a_wish_beside_a_sighting_does_both_the_officer_reads_it_and_the_person_is_asked, async |db| {
    let t = TestApp::start(db).await;
    t.add_resident(db, "Ann", &[ANN], &[]).await;
    let mut officer = t.officer("owner@force.example").await;
    let reference = t.publish(&mut officer, "First", "First alert").await;
    let from = t.wait_for_texts(ANN, 1).await[0].0.clone();
    t.text(ANN, &from, "I saw the white van on Mill Lane at 9. Please take me off your list").await;
    let inbox = t.key(&["inbox"]).await;
    let list = t.wait_for_conversations(&inbox, &reference, 1).await;
    assert_eq!((list[0]["messages"][0]["class"].as_str(), list[0]["status"].as_str()), (Some("opt_out_review"), Some("open")));
    let texts = t.wait_for_texts(ANN, 2).await;
    assert!(texts[1].1.contains("reply STOP") && texts[1].1.contains("999"), "{texts:?}");
    assert!(!stands(db, ANN).await, "nothing is decided for them");
    t.stop().await;
});

on_both!(help_is_answered_with_what_to_do_in_an_emergency_and_a_few_times_a_day_only, async |db| {
    let t = TestApp::start(db).await;
    t.add_resident(db, "Ann", &[ANN], &[]).await;
    let mut officer = t.officer("owner@force.example").await;
    t.publish(&mut officer, "First", "First alert").await;
    let from = t.wait_for_texts(ANN, 1).await[0].0.clone();
    for _ in 0..5 {
        t.text(ANN, &from, "HELP").await;
    }
    let texts = t.wait_for_texts(ANN, 4).await;
    assert!(texts[1].1.contains("999") && texts[1].1.contains("STOP"), "{texts:?}");
    eventually("all five read", async || (huecry::store::envelopes::count_waiting(&mut db.read().await).await.unwrap() == 0).then_some(())).await;
    let since = huecry::domain::At::from_unix_ms(0);
    assert_eq!(deliveries::count_purpose_since(&mut db.read().await, &key(ANN), "acknowledgement", since).await.unwrap(), 3);
    t.stop().await;
});

on_both!(stop_all_ends_mail_too_and_stop_with_a_groups_name_ends_that_group_alone, async |db| {
    let t = TestApp::start(db).await;
    t.add_resident(db, "Ann", &[ANN, "ann@example.org"], &[]).await;
    t.add_resident(db, "Bob", &["+447700900102"], &["dog-walkers"]).await;
    let mut officer = t.officer("owner@force.example").await;
    t.publish(&mut officer, "First", "First alert").await;
    let from = t.wait_for_texts(ANN, 1).await[0].0.clone();
    let bobs = t.wait_for_texts("+447700900102", 1).await[0].0.clone();
    t.wait_for_mails("ann@example.org", 1).await;
    t.text(ANN, &from, "STOP ALL").await;
    assert!(t.wait_for_texts(ANN, 2).await[1].1.contains("texts or e-mails"));
    assert!(suppressions::find_standing(&mut db.read().await, &key("ann@example.org"), "email").await.unwrap().is_some());

    t.text("+447700900102", &bobs, "stop dog-walkers").await;
    assert!(t.wait_for_texts("+447700900102", 2).await[1].1.contains("you have left"));
    let (bob, _) = residents::find_by_match_key(&mut db.read().await, &key("+447700900102")).await.unwrap().unwrap();
    assert!(residents::list_groups(&mut db.read().await, bob.id).await.unwrap().is_empty());
    t.publish(&mut officer, "Second", "Second alert").await;
    assert!(t.wait_for_texts("+447700900102", 3).await[2].1.contains("Second alert"), "other alerts go on");
    assert_eq!((t.texts(ANN).await.len(), t.mails("ann@example.org").await.len()), (2, 1));
    t.stop().await;
});

on_both!(a_wrong_number_gets_no_more_alerts_and_somebody_is_told, async |db| {
    let t = TestApp::start(db).await;
    t.add_resident(db, "Ann", &[ANN], &[]).await;
    t.add_resident(db, "Bob", &["+447700900102"], &[]).await;
    let mut officer = t.officer("owner@force.example").await;
    t.publish(&mut officer, "First", "First alert").await;
    let from = t.wait_for_texts(ANN, 1).await[0].0.clone();
    t.text(ANN, &from, "Sorry wrong number, this isn't Ann's phone any more").await;
    eventually("the notice", async || notices::list_of_kind(&mut db.read().await, "wrong_number").await.unwrap().pop()).await;
    assert!(!stands(db, ANN).await, "it is no opt-out: the number may belong to somebody who wants alerts");
    t.publish(&mut officer, "Second", "Second alert").await;
    t.wait_for_texts("+447700900102", 2).await;
    assert_eq!(t.texts(ANN).await.len(), 1);
    t.stop().await;
});

on_both!(after_a_question_of_yes_or_no_cancel_is_an_answer_and_stop_is_still_stop, async |db| {
    let t = TestApp::start(db).await;
    t.add_resident(db, "Ann", &[ANN], &[]).await;
    t.add_resident(db, "Bob", &["+447700900102"], &[]).await;
    let mut officer = t.officer("owner@force.example").await;
    let reference = t.publish(&mut officer, "First", "The patrol comes on Friday. Reply YES or NO if it suits").await;
    let (ann, bob) = (t.wait_for_texts(ANN, 1).await[0].0.clone(), t.wait_for_texts("+447700900102", 1).await[0].0.clone());
    t.text(ANN, &ann, "Cancel").await;
    t.text("+447700900102", &bob, "Stop").await;
    let inbox = t.key(&["inbox"]).await;
    t.wait_for_conversations(&inbox, &reference, 2).await;
    assert!(!stands(db, ANN).await && stands(db, "+447700900102").await);
    t.stop().await;
});

on_both!(a_providers_block_and_our_own_suppression_are_lifted_apart, async |db| {
    let t = TestApp::start(db).await;
    t.add_resident(db, "Ann", &[ANN], &[]).await;
    t.sim_post("/api/behaviour", json!({ "blocked_numbers": [ANN] })).await;
    let mut officer = t.officer("owner@force.example").await;
    t.publish(&mut officer, "First", "First alert").await;
    let blocks = async || huecry::store::provider_blocks::list_standing(&mut db.read().await, &key(ANN)).await.unwrap();
    let block = eventually("the block", async || blocks().await.pop()).await;
    assert!(stands(db, ANN).await, "what they asked of the provider holds for us");
    // They come back by START: to that number, which the provider hears too. It refuses all the same.
    t.text(ANN, &block.our_number, "START").await;
    eventually("the block to be known again", async || blocks().await.pop().filter(|again| again.created_at > block.created_at)).await;
    assert!(!stands(db, ANN).await, "their START stands, whatever the provider still believes");
    t.stop().await;
});

on_both!(a_start_of_somebody_who_gets_texts_already_is_answered_once, async |db| {
    let t = TestApp::start(db).await;
    t.add_resident(db, "Ann", &[ANN], &[]).await;
    let mut officer = t.officer("owner@force.example").await;
    t.publish(&mut officer, "First", "First alert").await;
    let from = t.wait_for_texts(ANN, 1).await[0].0.clone();
    for _ in 0..3 {
        t.text(ANN, &from, "START").await;
    }
    let texts = t.wait_for_texts(ANN, 2).await;
    assert!(texts[1].1.contains("on already") && texts[1].1.contains("STOP"), "{texts:?}");
    eventually("all three read", async || (huecry::store::envelopes::count_waiting(&mut db.read().await).await.unwrap() == 0).then_some(())).await;
    let since = huecry::domain::At::from_unix_ms(0);
    assert_eq!(deliveries::count_purpose_since(&mut db.read().await, &key(ANN), "opt_in_confirmation", since).await.unwrap(), 1);
    t.stop().await;
});

on_both!(a_text_from_the_providers_list_is_tied_as_of_when_it_was_sent, async |db| {
    let t = TestApp::start(db).await;
    t.add_resident(db, "Ann", &[ANN], &[]).await;
    let mut officer = t.officer("owner@force.example").await;
    let first = t.publish(&mut officer, "First", "First alert").await;
    let from = t.wait_for_texts(ANN, 1).await[0].0.clone();
    // Two hours on, another alert goes out from the same number: the pool has eight, so its hold is set by hand.
    let answered_at = t.app.now().plus_ms(60_000);
    t.app.clock().advance_ms(7_200_000);
    let second =
        huecry::store::alerts::find_by_reference(&mut db.read().await, &t.publish(&mut officer, "Second", "Second alert").await).await.unwrap().unwrap();
    t.wait_for_texts(ANN, 2).await;
    let mut again = deliveries::list_of_alerts_to(&mut db.read().await, &key(ANN), &[second.id]).await.unwrap().pop().unwrap();
    again = deliveries::DeliveryRow {
        id: db.id(),
        source_id: 5,
        sender: from.clone(),
        token: huecry::domain::ids::public_id(),
        provider_message_id: None,
        ..again
    };
    deliveries::insert(&mut db.write().await, vec![again]).await.unwrap();
    let listed = json!({ "sid": "SM0123456789abcdef0123456789abcdef", "from": ANN, "to": from, "body": "I saw him", "direction": "inbound",
        "date_sent": answered_at.utc().format("%a, %d %b %Y %H:%M:%S +0000").to_string() });
    let arrival = huecry::inbound::intake::Arrival {
        channel: "sms".into(),
        kind: "sms_inbound",
        verified: huecry::channels::Verified {
            provider_id: Some("SM0123456789abcdef0123456789abcdef".into()),
            correspondent: Some(ANN.into()),
            ..Default::default()
        },
        target: "listed".into(),
        headers: Vec::new(),
        body: huecry::inbound::intake::Content::Here(listed.to_string().into()),
    };
    t.intake().store(arrival).await.unwrap();
    let inbox = t.key(&["inbox"]).await;
    let talk = t.wait_for_conversations(&inbox, &first, 1).await[0].clone();
    assert_eq!(talk["certainty"], "certain", "only the first alert had gone out by then: {talk}");
    t.stop().await;
});
