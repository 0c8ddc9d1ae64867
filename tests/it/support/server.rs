//! A PostgreSQL server of one test's own, which it may restart without troubling the others.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::program::process::free_port;

/// Stopped and removed when this is dropped.
pub(crate) struct Server {
    /// As its administrator reaches it.
    pub(crate) url: String,
    folder: PathBuf,
}

impl Server {
    /// Makes one beside the one that the tests share, and starts it.
    pub(crate) fn start() -> Self {
        let shared =
            std::env::var_os("HUECRY_TEST_PG_CTL_DIR").expect("no PostgreSQL to test on: put `scripts/services run --only postgres --` before the command");
        let beside = Path::new(&shared).parent().unwrap().to_owned();
        let folder = beside.join(format!("own-{}", huecry::domain::ids::public_id()));
        let port = free_port();
        let server = Self { url: format!("postgres://postgres@127.0.0.1:{port}/postgres"), folder };
        server.control(&["initdb", "-s", "-o", "-U postgres -A trust -E UTF8 --locale=C.UTF-8 --no-sync"]);
        let settings = format!("listen_addresses = '127.0.0.1'\nport = {port}\nunix_socket_directories = '{}'\nmax_connections = 200\n", beside.display());
        let file = server.folder.join("postgresql.conf");
        std::fs::write(&file, std::fs::read_to_string(&file).unwrap() + &settings).unwrap();
        server.control(&["start", "-s", "-w"]);
        server
    }

    /// As after a power cut: nothing is finished, every connection breaks. Returns once it answers again.
    pub(crate) fn restart(&self) {
        self.control(&["restart", "-s", "-w", "-m", "immediate"]);
    }

    fn try_control(&self, words: &[&str]) -> bool {
        let log = self.folder.with_extension("log");
        Command::new(std::env::var_os("HUECRY_TEST_PG_CTL").unwrap())
            .arg("-D")
            .arg(&self.folder)
            .arg("-l")
            .arg(log)
            .args(words)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    }

    fn control(&self, words: &[&str]) {
        assert!(self.try_control(words), "pg_ctl {words:?} failed: {}", std::fs::read_to_string(self.folder.with_extension("log")).unwrap_or_default());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.try_control(&["stop", "-s", "-m", "immediate"]);
        let _gone = std::fs::remove_dir_all(&self.folder);
        let _gone = std::fs::remove_file(self.folder.with_extension("log"));
    }
}
