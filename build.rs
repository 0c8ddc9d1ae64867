//! The embedded migrations are read at compile time: a new folder must make the program be built anew.

fn main() {
    println!("cargo:rerun-if-changed=migrations");
}
