//! `Db` and `Conn`: commits, roll-backs, the database's clock, and the one writer of SQLite that nothing may wedge.

use diesel::result::Error as DieselError;
use diesel_async::RunQueryDsl;
use futures_util::FutureExt;
use huecry::app::App;
use huecry::config::{Config, Keyring};
use huecry::store::db::ConnectError;
use huecry::store::{Backend, Db, settings};
use tokio::sync::oneshot;

use crate::support::db::TestDb;

async fn app_on(db: &TestDb) -> App {
    let toml = format!("[database]\nurl = {:?}\n[files]\ndir = {:?}\n", db.url, db.folder().join("files"));
    App::with_keyring(Config::from_toml(&toml).unwrap(), Keyring::fixed()).await.unwrap()
}

async fn setting(db: &TestDb, key: &str) -> Option<String> {
    settings::find(&mut db.read().await, key).await.unwrap()
}

on_both!(a_transaction_commits_what_succeeds, async |db| {
    let given: Result<u8, DieselError> = db
        .write()
        .await
        .transaction(async |conn| {
            settings::put_if_absent(conn, "a", "1").await?;
            settings::put_if_absent(conn, "b", "2").await?;
            Ok(7)
        })
        .await;
    assert_eq!(given.unwrap(), 7);
    assert_eq!((setting(db, "a").await.as_deref(), setting(db, "b").await.as_deref()), (Some("1"), Some("2")));
});

on_both!(an_error_of_the_work_takes_everything_back_and_the_connection_goes_on, async |db| {
    let mut conn = db.write().await;
    let given: Result<(), DieselError> = conn
        .transaction(async |conn| {
            settings::put_if_absent(conn, "a", "1").await?;
            Err(DieselError::RollbackTransaction)
        })
        .await;
    assert_eq!(given, Err(DieselError::RollbackTransaction));
    assert_eq!(settings::put_if_absent(&mut conn, "a", "2").await.unwrap(), "2");
});

on_both!(an_error_of_the_database_takes_back_what_came_before_it, async |db| {
    let officer = db.add_officer("jo@force.example").await;
    let alert = db.new_alert(officer.id);
    let mut conn = db.write().await;
    let given: Result<(), DieselError> = conn
        .transaction(async |conn| {
            settings::put_if_absent(conn, "a", "1").await?;
            huecry::store::alerts::insert(conn, &alert, Vec::new(), &[], &[]).await?;
            // The same reference again.
            huecry::store::alerts::insert(conn, &alert, Vec::new(), &[], &[]).await
        })
        .await;
    assert!(matches!(given, Err(DieselError::DatabaseError(diesel::result::DatabaseErrorKind::UniqueViolation, _))), "{given:?}");
    assert_eq!(settings::find(&mut conn, "a").await.unwrap(), None);
    let after: Result<(), DieselError> = conn.transaction(async |conn| huecry::store::alerts::insert(conn, &alert, Vec::new(), &[], &[]).await).await;
    assert_eq!(after, Ok(()));
});

on_both!(nobody_sees_a_row_before_its_commit, async |db| {
    let seen: Result<Option<String>, DieselError> = db
        .write()
        .await
        .transaction(async |conn| {
            settings::put_if_absent(conn, "a", "1").await?;
            settings::find(&mut db.db.read().await?, "a").await
        })
        .await;
    assert_eq!(seen.unwrap(), None);
    assert_eq!(setting(db, "a").await.as_deref(), Some("1"));
});

on_both!(a_panic_inside_a_transaction_takes_it_back_and_the_writer_goes_on, async |db| {
    let app = app_on(db).await;
    let inner = app.clone();
    let work = async move {
        let mut conn = inner.write().await?;
        conn.transaction::<(), DieselError>(async |conn| {
            settings::put_if_absent(conn, "half", "done").await?;
            panic!("a planned panic");
        })
        .await
    };
    assert!(std::panic::AssertUnwindSafe(app.run(work)).catch_unwind().await.is_err());
    assert_eq!(settings::find(&mut app.write().await.unwrap(), "half").await.unwrap(), None);
    assert_eq!(settings::put_if_absent(&mut app.write().await.unwrap(), "next", "1").await.unwrap(), "1");
});

on_both!(work_whose_caller_is_gone_is_finished_all_the_same, async |db| {
    let app = app_on(db).await;
    let ((begun, has_begun), (go_on, may_go_on), (done, is_done)) = (oneshot::channel(), oneshot::channel::<()>(), oneshot::channel());
    let (inner, runner) = (app.clone(), app.clone());
    let caller = tokio::spawn(async move {
        let work = async move {
            let mut conn = inner.write().await.unwrap();
            let committed: Result<(), DieselError> = conn
                .transaction(async move |conn| {
                    settings::put_if_absent(conn, "a", "1").await?;
                    begun.send(()).unwrap();
                    may_go_on.await.unwrap();
                    settings::put_if_absent(conn, "b", "2").await.map(|_| ())
                })
                .await;
            drop(conn);
            done.send(committed).unwrap();
        };
        runner.run(work).await;
    });
    has_begun.await.unwrap();
    caller.abort();
    assert!(caller.await.unwrap_err().is_cancelled());
    go_on.send(()).unwrap();
    is_done.await.unwrap().unwrap();
    assert_eq!((setting(db, "a").await.as_deref(), setting(db, "b").await.as_deref()), (Some("1"), Some("2")));
    assert_eq!(settings::put_if_absent(&mut app.write().await.unwrap(), "c", "3").await.unwrap(), "3");
});

on_both!(a_connection_dropped_inside_a_transaction_gives_the_next_one_a_clean_start, async |db| {
    for _ in ["first", "second"] {
        let (begun, has_begun) = oneshot::channel();
        let mut conn = db.write().await;
        let work = conn.transaction(async |conn| {
            settings::put_if_absent(conn, "half", "done").await?;
            begun.send(()).unwrap();
            std::future::pending::<Result<(), DieselError>>().await
        });
        // Given up between two queries, as by a time-out outside `App::run`.
        tokio::select! {
            ended = work => panic!("it ended: {ended:?}"),
            () = has_begun.map(Result::unwrap) => {}
        }
    }
    assert_eq!(settings::find(&mut db.write().await, "half").await.unwrap(), None);
    assert_eq!(settings::put_if_absent(&mut db.write().await, "next", "1").await.unwrap(), "1");
});

on_both!(the_databases_clock_is_in_utc_and_goes_on_inside_a_transaction, async |db| {
    let times: Result<_, DieselError> = db
        .write()
        .await
        .transaction(async |conn| {
            let before = conn.db_now().await?;
            let mut after = conn.db_now().await?;
            while after == before {
                after = conn.db_now().await?;
            }
            Ok((before, after))
        })
        .await;
    let (before, after) = times.unwrap();
    assert!(after > before);
    let here = huecry::domain::At::from(chrono::Utc::now());
    assert!(here.since_ms(before).abs() < 600_000, "the database says {before:?}, this process {here:?}");
});

#[tokio::test(flavor = "multi_thread")]
async fn a_session_in_another_time_zone_still_reads_utc() {
    let db = TestDb::postgres().await;
    let mut conn = db.write().await;
    let utc = conn.db_now().await.unwrap();
    huecry::on!(&mut conn, c => diesel::sql_query("SET TIME ZONE 'Asia/Kathmandu'").execute(c).await).unwrap();
    assert!(conn.db_now().await.unwrap().since_ms(utc).abs() < 600_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reading_connection_of_sqlite_cannot_write() {
    let db = TestDb::sqlite().await;
    let refused = settings::put_if_absent(&mut db.read().await, "a", "1").await.unwrap_err();
    assert!(refused.to_string().contains("readonly"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_keeps_what_it_committed_on_disk_and_holds_foreign_keys() {
    #[derive(diesel::QueryableByName)]
    struct Setting {
        #[diesel(sql_type = diesel::sql_types::Text)]
        value: String,
    }
    let db = TestDb::sqlite().await;
    let mut conn = db.write().await;
    for (pragma, expected) in [("journal_mode", "wal"), ("synchronous", "2"), ("foreign_keys", "1")] {
        let query = format!("SELECT CAST({pragma} AS TEXT) AS value FROM pragma_{pragma}");
        let found: Setting = huecry::on!(&mut conn, c => diesel::sql_query(&query).get_result(c).await).unwrap();
        assert_eq!(found.value, expected, "{pragma}");
    }
}

on_both!(a_second_opening_of_the_same_database_finds_its_rows, async |db| {
    settings::put_if_absent(&mut db.write().await, "a", "1").await.unwrap();
    let again = Db::connect(&db.url).await.unwrap();
    assert_eq!(again.backend(), db.db.backend());
    assert_eq!(settings::find(&mut again.read().await.unwrap(), "a").await.unwrap().as_deref(), Some("1"));
});

on_both!(the_app_refuses_a_database_that_was_filled_under_another_match_key, async |db| {
    let app = app_on(db).await;
    assert_eq!(app.db().backend().as_str(), if db.url.starts_with("sqlite:") { "sqlite" } else { "postgres" });
    let other = Keyring { match_secret: vec![8; 32], ..Keyring::fixed() };
    let refused = App::with_keyring(app.config().clone(), other).await.err().unwrap();
    assert!(refused.to_string().contains("security.keyring"), "{refused}");
    App::with_keyring(app.config().clone(), Keyring::fixed()).await.unwrap();
});

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_opened_is_told_without_its_password() {
    let unknown = Db::connect("mysql://u:hunter2@h/d").await.err().unwrap();
    assert!(matches!(&unknown, ConnectError::UnknownScheme(scheme) if scheme == "mysql"), "{unknown}");
    // Port 1 of this machine: nobody listens there.
    let gone = Db::connect("postgres://u:hunter2@127.0.0.1:1/d").await.err().unwrap();
    assert!(matches!(gone, ConnectError::Unreachable(_)), "{gone}");
    for error in [unknown, gone] {
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
    }
    assert_ne!(Backend::Postgres.as_str(), Backend::Sqlite.as_str());
}

on_both!(a_setting_stands_once_it_is_put, async |db| {
    let mut conn = db.write().await;
    assert_eq!(settings::find(&mut conn, "k").await.unwrap(), None);
    assert_eq!(settings::put_if_absent(&mut conn, "k", "first").await.unwrap(), "first");
    assert_eq!(settings::put_if_absent(&mut conn, "k", "second").await.unwrap(), "first");
});
