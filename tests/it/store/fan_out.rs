//! The fan-out within the database says what the pure decisions say, adds up whatever happens meanwhile, and does nothing twice.

use std::collections::{BTreeMap, BTreeSet};

use diesel::QueryResult;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use huecry::domain::At;
use huecry::on;
use huecry::outbound::audience::{self as pure, Facts};
use huecry::outbound::sender_pool::{self, Hold};
use huecry::store::alerts::{self, AlertRow};
use huecry::store::deliveries::DeliveryRow;
use huecry::store::fan_out::{self, Chunk, From, Made, SmsWay, Ways};
use huecry::store::pair_holds::{self, PairHoldRow};
use huecry::store::residents::{self, AddressRow};
use huecry::store::schema::deliveries;
use huecry::store::suppressions::{self, SuppressionRow};
use huecry::store::views::audience::{self, Wanted};

use crate::support::db::TestDb;
use crate::support::now;
use crate::support::rows::key;

const LEASE_MS: i64 = 60_000;
const POOL: [&str; 4] = ["+447700900901", "+447700900902", "+447700900903", "+447700900904"];

fn ways() -> Ways {
    let pool = POOL.map(str::to_owned).to_vec();
    Ways {
        sms: Some(SmsWay { channel: "texts".into(), from: From::Pool(pool) }),
        email: Some(("mails".into(), "alerts@reply.example.org".into())),
        apart: Vec::new(),
    }
}

/// An alert that goes out to everyone in these areas and groups as they are now.
async fn publish(db: &TestDb, wanted: &Wanted) -> AlertRow {
    let officer = db.add_officer(&format!("{}@force.example", huecry::domain::ids::public_id())).await;
    let mut conn = db.write().await;
    let size = audience::count(&mut conn, wanted, false).await.unwrap().iter().map(|share| share.count).sum();
    let row = AlertRow { status: "publishing".into(), audience_mark: wanted.mark, audience_size: size, ..db.new_alert(officer.id) };
    alerts::insert(&mut conn, &row, Vec::new(), &wanted.areas, &wanted.groups).await.unwrap();
    row
}

async fn claim(db: &TestDb, owner: &str, lease_ms: i64) -> Option<AlertRow> {
    let mut conn = db.write().await;
    let claimed: QueryResult<Option<AlertRow>> = conn.transaction(async |conn| alerts::claim_fan_out(conn, owner, lease_ms).await).await;
    claimed.unwrap()
}

async fn make(db: &TestDb, alert: &AlertRow, wanted: &Wanted, ways: &Ways, limit: u32, owner: &str) -> Option<Made> {
    let chunk = Chunk {
        alert,
        wanted,
        among: 0,
        ways,
        priority: 30,
        limit,
        ids: db.ids.reserve(now(), limit),
        owner,
        now: now(),
        expires_at: now().plus_ms(3 * 86_400_000),
    };
    let mut conn = db.write().await;
    let made: QueryResult<Option<Made>> = conn.transaction(async |conn| fan_out::make(conn, &chunk).await).await;
    made.unwrap()
}

/// Chunks of so many until it is done.
async fn fan_out(db: &TestDb, wanted: &Wanted, ways: &Ways, limit: u32) {
    while let Some(alert) = claim(db, "a", LEASE_MS).await {
        make(db, &alert, wanted, ways, limit, "a").await.unwrap();
    }
}

async fn copies(db: &TestDb, alert: i64) -> Vec<DeliveryRow> {
    let mut conn = db.read().await;
    on!(&mut conn, c => deliveries::table.filter(deliveries::source_id.eq(alert)).order(deliveries::id).select(DeliveryRow::as_select()).load(c).await).unwrap()
}

async fn left_out(db: &TestDb, alert: i64) -> BTreeMap<String, i64> {
    alerts::list_exclusions(&mut db.read().await, alert).await.unwrap().into_iter().collect()
}

/// Copies and addresses left out are all the addresses there were, and the alert's own figures say the same.
async fn adds_up(db: &TestDb, alert: i64) -> i64 {
    let (copies, out) = (copies(db, alert).await, left_out(db, alert).await);
    let row = alerts::get(&mut db.read().await, alert).await.unwrap();
    let of = |kind: &str| i64::try_from(copies.iter().filter(|copy| copy.channel_kind == kind).count()).unwrap();
    assert_eq!((row.queued_sms, row.queued_email), (of("sms"), of("email")));
    assert_eq!(of("sms") + of("email") + out.values().sum::<i64>(), row.audience_size, "{out:?}");
    row.audience_size
}

/// Addresses that have every combination of facts, with two groups to choose from.
async fn every_combination(db: &TestDb) -> Wanted {
    let area = db.add_area("A", "sector").await.id;
    let (one, other) = (db.add_group("dog-walkers").await.id, db.add_group("cctv-owners").await.id);
    for facts in 0..64_u32 {
        let is = |bit: u32| facts >> bit & 1 == 1;
        for who in [format!("07700 900{facts:03}"), format!("resident{facts}@example.org")] {
            let person = db.new_resident("DE1 3AA");
            let address = db.new_address(person.id, &who);
            let address = AddressRow { enabled: is(0), verified_at: is(1).then(now), bad_at: is(2).then(now), ..address };
            let channel = if address.kind == "phone" { "sms" } else { "email" };
            let mut conn = db.write().await;
            residents::insert(&mut conn, vec![person.clone()]).await.unwrap();
            residents::insert_addresses(&mut conn, vec![address]).await.unwrap();
            residents::replace_areas(&mut conn, person.id, &[area]).await.unwrap();
            if is(3) {
                suppressions::suppress(&mut conn, &db.new_suppression(&who, channel, None)).await.unwrap();
            }
            if is(4) {
                residents::insert_groups(&mut conn, vec![(person.id, one)], now()).await.unwrap();
            }
            if is(5) {
                let row = SuppressionRow { scope: "cctv-owners".into(), ..db.new_suppression(&who, channel, None) };
                suppressions::suppress(&mut conn, &row).await.unwrap();
            }
        }
    }
    let mark = audience::highest_address(&mut db.read().await).await.unwrap();
    Wanted { areas: vec![area], groups: vec![one, other], mark, has_sms: true, has_email: true }
}

on_both!(the_database_decides_as_the_pure_rule_does_on_every_combination_of_facts, async |db| {
    let all = every_combination(db).await;
    let only_area = Wanted { groups: Vec::new(), ..all.clone() };
    for (wanted, (has_sms, has_email)) in
        [&all, &only_area].into_iter().flat_map(|wanted| [(true, true), (true, false), (false, true), (false, false)].map(|has| (wanted, has)))
    {
        let wanted = Wanted { has_sms, has_email, ..wanted.clone() };
        let (mut expected, mut gets) = (BTreeMap::<(String, Option<String>), i64>::new(), BTreeSet::new());
        let mut seen = BTreeSet::new();
        for c in audience::list(&mut db.read().await, &wanted, 0, 1_000).await.unwrap() {
            let has_channel = if c.kind == "phone" { has_sms } else { has_email };
            let facts = Facts {
                in_group: c.in_group,
                left_group: c.left_group,
                suppressed: c.suppressed,
                enabled: c.enabled,
                verified: c.verified,
                bad: c.bad,
                has_channel,
            };
            seen.insert(format!("{facts:?}"));
            let reason = pure::decide(&facts).err().map(|reason| reason.as_str().to_owned());
            if reason.is_none() {
                gets.insert(c.value.clone());
            }
            *expected.entry((c.kind, reason)).or_default() += 1;
        }
        let combinations = if wanted.groups.is_empty() { 16 } else { 64 } * if has_sms == has_email { 1 } else { 2 };
        assert_eq!(seen.len(), combinations, "the test shows every combination");
        let counted = audience::count(&mut db.read().await, &wanted, false).await.unwrap();
        let counted: BTreeMap<_, _> = counted.into_iter().map(|share| ((share.kind, share.reason), share.count)).collect();
        assert_eq!(counted, expected);

        let ways = Ways { sms: ways().sms.filter(|_| has_sms), email: ways().email.filter(|_| has_email), apart: Vec::new() };
        let alert = publish(db, &wanted).await;
        fan_out(db, &wanted, &ways, 17).await;
        assert_eq!(copies(db, alert.id).await.into_iter().map(|copy| copy.address).collect::<BTreeSet<_>>(), gets);
        let mut out = BTreeMap::<String, i64>::new();
        for ((_, reason), count) in expected {
            if let Some(reason) = reason {
                *out.entry(reason).or_default() += count;
            }
        }
        assert_eq!(left_out(db, alert.id).await, out);
        assert_eq!(adds_up(db, alert.id).await, 128);
        let row = alerts::get(&mut db.read().await, alert.id).await.unwrap();
        assert_eq!((row.status.as_str(), row.fanned_out_at, row.fan_out_owner), ("live", Some(now()), None));
    }
});

on_both!(the_people_behind_the_addresses_are_counted_once, async |db| {
    let area = db.add_area("A", "sector").await.id;
    let both = db.add_resident("07700 900001", &[area]).await;
    let second = db.new_address(both.resident.id, "jo@example.org");
    residents::insert_addresses(&mut db.write().await, vec![second]).await.unwrap();
    db.add_resident("07700 900002", &[area]).await;
    let gone = db.add_resident("07700 900003", &[area]).await;
    residents::set_enabled(&mut db.write().await, gone.address.id, false).await.unwrap();
    let wanted = Wanted { areas: vec![area], mark: i64::MAX, has_sms: true, has_email: true, ..Wanted::default() };
    let shares = audience::count(&mut db.read().await, &wanted, true).await.unwrap();
    let of = |kind: &str| shares.iter().filter(|share| share.kind == kind && share.reason.is_none()).map(|share| share.count).sum::<i64>();
    assert_eq!((of("phone"), of("email"), of("resident")), (2, 1, 2));
});

on_both!(each_text_goes_out_from_the_number_that_the_pure_rule_chooses, async |db| {
    let area = db.add_area("A", "sector").await.id;
    for n in 0..150 {
        db.add_resident(&format!("07700 900{n:03}"), &[area]).await;
        if n % 7 == 0 {
            // Mails take a place in the turn too.
            db.add_resident(&format!("resident{n}@example.org"), &[area]).await;
        }
    }
    let wanted = Wanted { areas: vec![area], mark: i64::MAX, has_sms: true, has_email: true, ..Wanted::default() };
    let alert = publish(db, &wanted).await;
    // Whatever was before: few moments, so that there are many ties; this alert's own uses, as after a repeated run; a number that is not of the pool.
    let mut holds = Vec::new();
    for n in 0..150 {
        for number in POOL.iter().chain(&["+447700900999"]).filter(|_| rand::random_bool(0.5)) {
            let alert_id = if rand::random_bool(0.1) { alert.id } else { rand::random_range(1..4) };
            let used_at = now().minus_days(rand::random_range(0..4) * 20);
            holds.push(PairHoldRow { our_number: (*number).to_owned(), match_key: key(&format!("07700 900{n:03}")), alert_id, used_at });
        }
    }
    holds.sort_by(|a, b| (&a.match_key, &a.our_number).cmp(&(&b.match_key, &b.our_number)));
    pair_holds::upsert(&mut db.write().await, holds.clone()).await.unwrap();
    fan_out(db, &wanted, &ways(), 40).await;

    let (pool, copies) = (POOL.map(str::to_owned), copies(db, alert.id).await);
    assert_eq!(copies.len(), 172);
    for (index, copy) in copies.iter().enumerate().filter(|(_, copy)| copy.channel_kind == "sms") {
        let theirs = holds.iter().filter(|hold| hold.match_key == copy.match_key);
        let theirs: Vec<Hold<'_>> = theirs.map(|hold| Hold { our_number: &hold.our_number, alert_id: hold.alert_id, used_at: hold.used_at }).collect();
        let choice = sender_pool::choose(&pool, &theirs, alert.id, now(), 30, index % 40).unwrap();
        assert_eq!((copy.channel.as_str(), copy.sender.as_str()), ("texts", choice.our_number), "{theirs:?} at {index}");
        let kept = pair_holds::list_of(&mut db.read().await, std::slice::from_ref(&copy.match_key)).await.unwrap();
        let kept: Vec<(i64, At)> = kept.iter().filter(|hold| hold.our_number == copy.sender).map(|hold| (hold.alert_id, hold.used_at)).collect();
        assert_eq!(kept, [(alert.id, now())], "and the pair is this alert's");
    }
    assert!(copies.iter().filter(|copy| copy.channel_kind == "email").all(|copy| copy.channel == "mails" && copy.sender == "alerts@reply.example.org"));
});

on_both!(two_alerts_at_once_do_not_take_the_same_pair, async |db| {
    let area = db.add_area("A", "sector").await.id;
    for n in 0..120 {
        db.add_resident(&format!("07700 900{n:03}"), &[area]).await;
    }
    let wanted = Wanted { areas: vec![area], mark: i64::MAX, has_sms: true, ..Wanted::default() };
    let alerts = [publish(db, &wanted).await, publish(db, &wanted).await, publish(db, &wanted).await];
    let run = async |owner: &'static str| {
        while let Some(alert) = claim(db, owner, LEASE_MS).await {
            make(db, &alert, &wanted, &ways(), 60, owner).await;
        }
    };
    tokio::join!(run("a"), run("b"), run("c"));
    let mut numbers = BTreeMap::<String, BTreeSet<String>>::new();
    for alert in &alerts {
        for copy in copies(db, alert.id).await {
            assert!(numbers.entry(copy.address).or_default().insert(copy.sender), "the pair tells which alert");
        }
    }
    assert!(numbers.len() == 120 && numbers.values().all(|numbers| numbers.len() == 3));
});

on_both!(a_name_and_a_single_number_need_no_choice, async |db| {
    let area = db.add_area("A", "sector").await.id;
    db.add_resident("07700 900001", &[area]).await;
    let wanted = Wanted { areas: vec![area], mark: i64::MAX, has_sms: true, ..Wanted::default() };
    for (from, sender, held) in [(From::Name("DerbysPolice".into()), "DerbysPolice", 0), (From::Pool(vec![POOL[0].into()]), POOL[0], 1)] {
        let alert = publish(db, &wanted).await;
        fan_out(db, &wanted, &Ways { sms: Some(SmsWay { channel: "texts".into(), from }), email: None, apart: Vec::new() }, 10).await;
        assert_eq!(copies(db, alert.id).await[0].sender, sender);
        let holds = pair_holds::list_of(&mut db.read().await, &[key("07700 900001")]).await.unwrap();
        assert_eq!(holds.len(), held, "a name makes no pair");
    }
});

on_both!(it_adds_up_when_people_join_leave_move_and_stop_while_it_goes_out, async |db| {
    let (area, elsewhere) = (db.add_area("A", "sector").await.id, db.add_area("B", "sector").await.id);
    let mut people = Vec::new();
    for n in 0..40 {
        people.push(db.add_resident(&format!("07700 900{n:03}"), &[if n % 4 == 3 { elsewhere } else { area }]).await);
    }
    let mark = audience::highest_address(&mut db.read().await).await.unwrap();
    let wanted = Wanted { areas: vec![area], mark, has_sms: true, has_email: true, ..Wanted::default() };
    let alert = publish(db, &wanted).await;
    let mut steps = 0;
    while let Some(claimed) = claim(db, "a", LEASE_MS).await {
        make(db, &claimed, &wanted, &ways(), 5, "a").await.unwrap();
        let mut conn = db.write().await;
        match steps {
            // One who was dealt with and one who was not; each way.
            0 => {
                for n in [0, 20] {
                    let row = db.new_suppression(&format!("07700 900{n:03}"), "sms", None);
                    suppressions::suppress(&mut conn, &row).await.unwrap();
                }
            }
            1 => {
                for n in [1, 21, 22, 24] {
                    residents::leave(&mut conn, people[n].resident.id, now()).await.unwrap();
                }
            }
            2 => {
                // Moves in and out of the areas, and one who is new.
                residents::replace_areas(&mut conn, people[35].resident.id, &[area]).await.unwrap();
                residents::replace_areas(&mut conn, people[36].resident.id, &[elsewhere]).await.unwrap();
                drop(conn);
                db.add_resident("07700 900900", &[area]).await;
            }
            _ => {}
        }
        steps += 1;
    }
    assert!(steps > 5);
    assert_eq!(adds_up(db, alert.id).await, 30, "as many as were there at publishing");
    assert_eq!(left_out(db, alert.id).await, BTreeMap::from([("gone".to_owned(), 3), ("opted_out".to_owned(), 1)]));
    let sent: BTreeSet<String> = copies(db, alert.id).await.into_iter().map(|copy| copy.address).collect();
    assert!(!sent.contains("+447700900900") && sent.contains("+447700900035") && !sent.contains("+447700900020"), "{sent:?}");
});

on_both!(more_who_came_than_went_are_counted_too, async |db| {
    let (area, elsewhere) = (db.add_area("A", "sector").await.id, db.add_area("B", "sector").await.id);
    db.add_resident("07700 900001", &[area]).await;
    let moving = db.add_resident("07700 900002", &[elsewhere]).await;
    let mark = audience::highest_address(&mut db.read().await).await.unwrap();
    let wanted = Wanted { areas: vec![area], mark, has_sms: true, ..Wanted::default() };
    let alert = publish(db, &wanted).await;
    residents::replace_areas(&mut db.write().await, moving.resident.id, &[area]).await.unwrap();
    fan_out(db, &wanted, &ways(), 10).await;
    assert_eq!(adds_up(db, alert.id).await, 2);
});

on_both!(a_worker_that_died_is_followed_at_its_cursor_and_can_add_nothing_more, async |db| {
    let area = db.add_area("A", "sector").await.id;
    for n in 0..30 {
        db.add_resident(&format!("07700 900{n:03}"), &[area]).await;
    }
    let wanted = Wanted { areas: vec![area], mark: i64::MAX, has_sms: true, ..Wanted::default() };
    let alert = publish(db, &wanted).await;
    let slow = claim(db, "slow", -1_000).await.unwrap();
    assert_eq!(make(db, &slow, &wanted, &ways(), 10, "slow").await.map(|made| (made.seen, made.sms)), Some((10, 10)));
    let slow = alerts::get(&mut db.read().await, alert.id).await.unwrap();
    let quick = claim(db, "quick", LEASE_MS).await.unwrap();
    assert_eq!(quick.audience_cursor, slow.audience_cursor, "it goes on where the other ended");
    assert!(make(db, &slow, &wanted, &ways(), 10, "slow").await.is_none(), "it is another's now");
    assert!(make(db, &quick, &wanted, &ways(), 10, "quick").await.is_some());
    assert!(make(db, &quick, &wanted, &ways(), 10, "quick").await.is_none(), "a chunk is not made twice");
    let rest = claim(db, "quick", LEASE_MS).await.unwrap();
    make(db, &rest, &wanted, &ways(), 10, "quick").await.unwrap();
    fan_out(db, &wanted, &ways(), 10).await;
    assert!(make(db, &rest, &wanted, &ways(), 10, "quick").await.is_none(), "it is done");
    assert_eq!(adds_up(db, alert.id).await, 30);
    let (all, mut tokens) = (copies(db, alert.id).await, BTreeSet::new());
    assert_eq!(all.len(), 30);
    for copy in &all {
        assert!(copy.token.len() == 16 && copy.token.bytes().all(|c| b"0123456789abcdefghjkmnpqrstvwxyz".contains(&c)), "{}", copy.token);
        tokens.insert(copy.token.clone());
    }
    assert_eq!(tokens.len(), 30);
});

on_both!(rows_have_the_ids_of_their_block_in_order_and_their_tokens_use_every_letter, async |db| {
    let area = db.add_area("A", "sector").await.id;
    let rows: Vec<_> = (0..900_u32).map(|n| (db.new_resident("DE1 3AA"), n)).collect();
    let addresses = rows.iter().map(|(person, n)| db.new_address(person.id, &format!("07700 900{n:03}"))).collect();
    let pairs = rows.iter().map(|(person, _)| (person.id, area)).collect();
    let mut conn = db.write().await;
    residents::insert(&mut conn, rows.iter().map(|(person, _)| person.clone()).collect()).await.unwrap();
    residents::insert_addresses(&mut conn, addresses).await.unwrap();
    residents::insert_areas(&mut conn, pairs).await.unwrap();
    drop(conn);
    let wanted = Wanted { areas: vec![area], mark: i64::MAX, has_sms: true, ..Wanted::default() };
    publish(db, &wanted).await;
    let alert = claim(db, "a", LEASE_MS).await.unwrap();
    // So that the block runs over the end of a millisecond.
    db.ids.reserve(now(), 4_096 - 400);
    let block = db.ids.reserve(now(), 1_000);
    let (ways, owner) = (ways(), "a");
    let chunk = Chunk {
        alert: &alert,
        wanted: &wanted,
        among: 0,
        ways: &ways,
        priority: 30,
        limit: 1_000,
        ids: block,
        owner,
        now: now(),
        expires_at: now().plus_ms(3 * 86_400_000),
    };
    let mut conn = db.write().await;
    let made: QueryResult<Option<Made>> = conn.transaction(async |conn| fan_out::make(conn, &chunk).await).await;
    drop(conn);
    assert_eq!(made.unwrap().unwrap().sms, 900);
    let copies = copies(db, alert.id).await;
    assert_eq!(copies.iter().map(|copy| copy.id).collect::<Vec<_>>(), (0..900).map(|place| block.at(place)).collect::<Vec<_>>());
    for place in 0..16 {
        let letters: BTreeSet<u8> = copies.iter().map(|copy| copy.token.as_bytes()[place]).collect();
        assert_eq!(letters.len(), 32, "every letter at place {place}");
    }
});

#[derive(diesel::QueryableByName)]
struct Queued {
    #[diesel(sql_type = diesel::sql_types::Text)]
    address: String,
    #[diesel(sql_type = diesel::sql_types::Text)]
    queue: String,
}

on_both!(mail_for_a_domain_that_takes_few_waits_apart, async |db| {
    let area = db.add_area("A", "sector").await.id;
    for address in ["a@slow.example", "b@quick.example", "c@notslow.example", "07700 900100"] {
        db.add_resident(address, &[area]).await;
    }
    let wanted = Wanted { areas: vec![area], mark: i64::MAX, has_sms: true, has_email: true, ..Wanted::default() };
    publish(db, &wanted).await;
    fan_out(db, &wanted, &Ways { apart: vec!["slow.example".into(), "it's.example".into()], ..ways() }, 10).await;
    let query = "SELECT address, queue FROM deliveries WHERE queue <> ''";
    let apart: Vec<Queued> = huecry::on!(&mut db.read().await, c => diesel_async::RunQueryDsl::load(diesel::sql_query(query), c).await).unwrap();
    assert_eq!(apart.into_iter().map(|row| (row.address, row.queue)).collect::<Vec<_>>(), [("a@slow.example".to_owned(), "@slow.example".to_owned())]);
});
