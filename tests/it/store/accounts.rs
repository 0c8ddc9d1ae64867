//! Who may come in: teams, officers, API keys and their repeated requests, sessions, one-time codes.

use huecry::domain::At;
use huecry::store::accounts::{self, ApiKeyRow, IdempotencyRow, OfficerRow, TeamRow};
use huecry::store::codes::{self, CodeRow};
use huecry::store::residents;
use huecry::store::sessions::{self, SessionRow};

use crate::support::db::TestDb;
use crate::support::now;
use crate::support::rows::key;

on_both!(a_team_is_known_by_its_name_once, async |db| {
    let second = db.add_team("Erewash").await;
    let first = db.add_team("Amber Valley").await;
    let twin = TeamRow { id: db.id(), ..first.clone() };
    let mut conn = db.write().await;
    assert_eq!(accounts::insert_teams(&mut conn, vec![twin]).await.unwrap(), 0);
    assert_eq!(accounts::list_teams(&mut conn).await.unwrap().iter().map(|team| team.id).collect::<Vec<_>>(), [first.id, second.id]);
    assert_eq!(accounts::find_team(&mut conn, "Erewash").await.unwrap().unwrap().id, second.id);
    assert!(accounts::find_team(&mut conn, "erewash").await.unwrap().is_none());
});

on_both!(an_officer_signs_in_by_an_address_in_any_case_and_has_it_alone, async |db| {
    let team = db.add_team("Amber Valley").await;
    let row = OfficerRow { name: "PC Zoe".into(), team_id: Some(team.id), ..db.new_officer("zoe@force.example") };
    let twin = OfficerRow { id: db.id(), ..row.clone() };
    let other = OfficerRow { name: "PC Abe".into(), ..db.new_officer("abe@force.example") };
    let mut conn = db.write().await;
    assert_eq!(accounts::insert_officers(&mut conn, vec![row.clone(), twin, other.clone()]).await.unwrap(), 2);
    let found = accounts::find_officer_by_email(&mut conn, "Zoe@Force.Example").await.unwrap().unwrap();
    assert_eq!(format!("{found:?}"), format!("{row:?}"));
    assert_eq!(accounts::find_officer(&mut conn, other.id).await.unwrap().unwrap().name, "PC Abe");
    assert!(accounts::find_officer(&mut conn, 1).await.unwrap().is_none());
    assert!(accounts::find_officer_by_email(&mut conn, "nobody@force.example").await.unwrap().is_none());
    assert_eq!(accounts::list_officers(&mut conn).await.unwrap().iter().map(|officer| officer.id).collect::<Vec<_>>(), [other.id, row.id]);
    assert_eq!(accounts::set_away(&mut conn, row.id, Some(now()), Some(other.id)).await.unwrap(), 1);
    let away = accounts::find_officer(&mut conn, row.id).await.unwrap().unwrap();
    assert_eq!((away.away_until, away.cover_id), (Some(now()), Some(other.id)));
    accounts::set_away(&mut conn, row.id, None, None).await.unwrap();
    assert_eq!(accounts::find_officer(&mut conn, row.id).await.unwrap().unwrap().away_until, None);
    assert!(accounts::set_away(&mut conn, row.id, None, Some(1)).await.is_err(), "nobody of that id can stand in");
});

fn api_key(db: &TestDb, name: &str, digest: u8) -> ApiKeyRow {
    ApiKeyRow {
        id: db.id(),
        name: name.into(),
        key_digest: vec![digest; 32],
        scopes: "alerts:read".into(),
        created_at: now(),
        last_used_at: None,
        revoked_at: None,
    }
}

on_both!(an_api_key_counts_until_it_is_taken_back, async |db| {
    let (live, revoked) = (api_key(db, "partner", 1), ApiKeyRow { revoked_at: Some(now()), ..api_key(db, "former", 2) });
    let mut conn = db.write().await;
    accounts::insert_api_key(&mut conn, &live).await.unwrap();
    accounts::insert_api_key(&mut conn, &revoked).await.unwrap();
    assert_eq!(accounts::find_api_key(&mut conn, &live.key_digest).await.unwrap().unwrap().name, "partner");
    assert!(accounts::find_api_key(&mut conn, &revoked.key_digest).await.unwrap().is_none());
    assert!(accounts::find_api_key(&mut conn, &[3; 32]).await.unwrap().is_none());
    assert!(accounts::insert_api_key(&mut conn, &api_key(db, "partner", 4)).await.is_err(), "the name is taken");
    assert!(accounts::insert_api_key(&mut conn, &api_key(db, "twin", 1)).await.is_err(), "the key is somebody else's");
});

on_both!(the_first_answer_to_a_repeated_request_stands, async |db| {
    let (one, two) = (api_key(db, "one", 1), api_key(db, "two", 2));
    let answer = |api_key_id, status| IdempotencyRow {
        api_key_id,
        key: "k-1".into(),
        request_digest: vec![5; 32],
        status,
        response: serde_json::json!({"reference": "K7Q2M", "n": status}),
        created_at: now(),
    };
    let mut conn = db.write().await;
    accounts::insert_api_key(&mut conn, &one).await.unwrap();
    accounts::insert_api_key(&mut conn, &two).await.unwrap();
    assert!(accounts::find_idempotent(&mut conn, one.id, "k-1").await.unwrap().is_none());
    for (row, inserted) in [(answer(one.id, 201), 1), (answer(one.id, 500), 0), (answer(two.id, 202), 1)] {
        assert_eq!(accounts::insert_idempotent(&mut conn, &row).await.unwrap(), inserted);
    }
    let found = accounts::find_idempotent(&mut conn, one.id, "k-1").await.unwrap().unwrap();
    assert_eq!((found.status, found.response, found.request_digest), (201, serde_json::json!({"reference": "K7Q2M", "n": 201}), vec![5; 32]));
    assert_eq!(accounts::find_idempotent(&mut conn, two.id, "k-1").await.unwrap().unwrap().status, 202);
});

fn session(db: &TestDb, digest: u8, expires_at: At) -> SessionRow {
    SessionRow {
        id: db.id(),
        token_digest: vec![digest; 32],
        officer_id: None,
        resident_id: None,
        csrf: "c".into(),
        created_at: now(),
        last_seen_at: now(),
        expires_at,
        method: "password".into(),
        browser: "Firefox on Linux".into(),
        network: "203.0.113.…".into(),
    }
}

on_both!(a_session_counts_up_to_the_moment_it_expires, async |db| {
    let officer = db.add_officer("jo@force.example").await;
    let row = SessionRow { officer_id: Some(officer.id), ..session(db, 1, now().plus_ms(10)) };
    let mut conn = db.write().await;
    sessions::insert(&mut conn, &row).await.unwrap();
    assert_eq!(sessions::find(&mut conn, &[1; 32], now().plus_ms(9)).await.unwrap().unwrap().officer_id, Some(officer.id));
    assert!(sessions::find(&mut conn, &[1; 32], now().plus_ms(10)).await.unwrap().is_none());
    assert!(sessions::find(&mut conn, &[2; 32], now()).await.unwrap().is_none());
    assert_eq!(sessions::touch(&mut conn, row.id, now().plus_ms(5), now().plus_ms(50)).await.unwrap(), 1);
    let touched = sessions::find(&mut conn, &[1; 32], now().plus_ms(49)).await.unwrap().unwrap();
    assert_eq!((touched.last_seen_at, touched.expires_at, touched.created_at), (now().plus_ms(5), now().plus_ms(50), now()));
    assert!(sessions::insert(&mut conn, &session(db, 1, now())).await.is_err(), "two sessions never share a cookie");
    assert_eq!(sessions::delete(&mut conn, row.id).await.unwrap(), 1);
    assert!(sessions::find(&mut conn, &[1; 32], now()).await.unwrap().is_none());
});

on_both!(leaving_ends_every_session_of_that_resident_and_expiry_clears_out_the_old, async |db| {
    let (jo, al) = (db.new_resident("DE1 3AA"), db.new_resident("DE1 3AA"));
    let of = |resident_id, digest, ms| SessionRow { resident_id: Some(resident_id), ..session(db, digest, now().plus_ms(ms)) };
    let mut conn = db.write().await;
    residents::insert(&mut conn, vec![jo.clone(), al.clone()]).await.unwrap();
    for row in [of(jo.id, 1, 10), of(jo.id, 2, 10), of(al.id, 3, 10), of(al.id, 4, 0), of(al.id, 5, 1)] {
        sessions::insert(&mut conn, &row).await.unwrap();
    }
    assert_eq!(sessions::delete_of_resident(&mut conn, jo.id).await.unwrap(), 2);
    assert_eq!(sessions::delete_expired(&mut conn, now()).await.unwrap(), 1);
    assert!(sessions::find(&mut conn, &[3; 32], now()).await.unwrap().is_some());
    assert!(sessions::find(&mut conn, &[5; 32], now()).await.unwrap().is_some());
});

fn code(db: &TestDb, ticket: &str) -> CodeRow {
    CodeRow {
        id: db.id(),
        ticket: ticket.into(),
        purpose: "join".into(),
        match_key: key("07700 900001"),
        code_digest: vec![7; 32],
        payload: serde_json::json!({"areas": ["DE1 3"], "name": "Zoë"}),
        tries: 0,
        expires_at: now().plus_ms(600_000),
        used_at: None,
        created_at: now(),
    }
}

on_both!(parallel_guesses_cannot_share_a_try, async |db| {
    let row = code(db, "t1");
    codes::insert(&mut db.write().await, &row).await.unwrap();
    let guesses: Vec<_> = (0..12)
        .map(|_| {
            let (db, id) = (db.db.clone(), row.id);
            tokio::spawn(async move { codes::take_try(&mut db.write().await.unwrap(), id, 5).await.unwrap() })
        })
        .collect();
    let mut allowed = 0;
    for guess in guesses {
        allowed += guess.await.unwrap();
    }
    assert_eq!(allowed, 5);
    assert_eq!(codes::find(&mut db.read().await, "t1").await.unwrap().unwrap().tries, 5);
});

on_both!(a_code_is_used_once_and_then_takes_no_more_tries, async |db| {
    let row = code(db, "t1");
    let mut conn = db.write().await;
    codes::insert(&mut conn, &row).await.unwrap();
    assert_eq!(codes::find(&mut conn, "t1").await.unwrap().unwrap().payload, row.payload);
    assert!(codes::find(&mut conn, "t2").await.unwrap().is_none());
    assert!(codes::insert(&mut conn, &code(db, "t1")).await.is_err(), "a ticket names one code");
    assert_eq!(codes::mark_used(&mut conn, row.id, now()).await.unwrap(), 1);
    assert_eq!(codes::mark_used(&mut conn, row.id, now()).await.unwrap(), 0);
    assert_eq!(codes::take_try(&mut conn, row.id, 5).await.unwrap(), 0);
    assert_eq!(codes::find(&mut conn, "t1").await.unwrap().unwrap().used_at, Some(now()));
});

on_both!(codes_to_an_address_are_counted_since_a_moment, async |db| {
    let mut conn = db.write().await;
    for (ticket, ms) in [("t1", 0), ("t2", 1), ("t3", 2)] {
        codes::insert(&mut conn, &CodeRow { created_at: now().plus_ms(ms), ..code(db, ticket) }).await.unwrap();
    }
    codes::insert(&mut conn, &CodeRow { match_key: key("07700 900002"), created_at: now().plus_ms(2), ..code(db, "t4") }).await.unwrap();
    assert_eq!(codes::count_since(&mut conn, &key("07700 900001"), now()).await.unwrap(), 2);
});
