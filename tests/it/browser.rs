//! The pages in a real Chromium: what officers, residents and the press do in them, live; that axe-core finds nothing against
//! them; and that they work without scripts.

mod accounts;
mod county;
mod desk;
mod evidence;
mod hostile_mail;
mod main_job;
mod privacy;
mod residents;
mod scriptless;
mod search;
mod simulator;
mod sound_pages;
