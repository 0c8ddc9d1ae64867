//! The bind: connects, signs in, hands texts over within a window, takes what is delivered, and begins again when the line
//! breaks.
//!
//! One task runs the line ([`Smpp::run`]); whoever sends waits for its answer. Nothing is acknowledged here: each delivered
//! PDU waits until its taker says that it is stored, and only then goes the `deliver_sm_resp`. What was written when the line
//! broke is in doubt; what was not is tried again.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use secrecy::ExposeSecret;
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::sync::{Semaphore, SemaphorePermit, mpsc, oneshot, watch};
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::pdu::{self, BIND_TRANSCEIVER, DELIVER_SM, ENQUIRE_LINK, GENERIC_NACK, RESPONSE, SUBMIT_SM, UNBIND};
use super::{TRY_AGAIN, read_answer, refusal, submissions};
use crate::channels::wire::{self, Wire};
use crate::channels::{Accepted, Hook, OutgoingText, ParseError, SendError, Verified};
use crate::config::SmppConfig;
use crate::domain::inbound::InboundEvent;

const CONNECT_TIME: Duration = Duration::from_secs(10);
/// What is still to be written when a line is given up.
const LAST_WORDS: Duration = Duration::from_secs(2);
/// A line that held as long was a sound one.
const SETTLED: Duration = Duration::from_secs(30);
/// How often a later part of a text is tried again where the carrier wants patience, since its first part is out.
const PATIENCE: u32 = 8;
/// Codes of ours.
const NOT_BOUND: &str = "not_bound";
const STOPPING: &str = "stopping";
/// ESME_RBINDFAIL to ESME_RINVSYSID: account or password are wrong.
const BIND_FAILED: u32 = 0x0d;
const WRONG_ACCOUNT: u32 = 0x0f;
/// ESME_RINVCMDID: what was asked is not known here.
const UNKNOWN_COMMAND: u32 = 0x03;

/// A PDU that the message centre delivered, and where to say what became of it.
#[derive(Debug)]
pub struct Delivered {
    /// The whole `deliver_sm`, its sequence number set to 0: it belongs to the line and not to the message.
    pub pdu: Bytes,
    /// The status of our answer: [`super::TAKEN`] once it is stored. Dropped unanswered it counts as not taken.
    pub answer: oneshot::Sender<u32>,
}

/// Whether we are bound; if not, why.
pub type Bond = Result<(), SendError>;

/// A message centre. Cheap to clone.
#[derive(Clone)]
pub struct Smpp(Arc<Inner>);

struct Inner {
    settings: SmppConfig,
    window: Semaphore,
    jobs: mpsc::Sender<Job>,
    /// Taken by the one task that runs the line.
    inbox: Mutex<Option<mpsc::Receiver<Job>>>,
    bond: watch::Sender<Bond>,
    /// Nothing goes before then: the carrier asked for it.
    quiet_until: watch::Sender<Instant>,
}

/// A place in the window: while it is held, one PDU more may go.
pub struct Turn<'a> {
    _place: SemaphorePermit<'a>,
}

/// A `submit_sm` on its way, and who waits for its answer.
struct Job {
    body: Vec<u8>,
    answer: Answer,
}

type Answer = oneshot::Sender<Result<Bytes, SendError>>;

/// Why the line is not there.
#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error("the message centre cannot be reached: {0}")]
    Connect(std::io::Error),
    #[error("the connection to the message centre broke: {0}")]
    Broken(#[from] std::io::Error),
    #[error("the message centre closed the connection")]
    Closed,
    #[error("the message centre ended the bind")]
    Unbound,
    #[error("the message centre does not answer")]
    Silent,
    #[error("the message centre sent a PDU of {0} octets, which cannot be")]
    Length(u32),
    #[error("the message centre refused the bind with {0:#04x}")]
    Refused(u32),
}

impl Fault {
    fn told(self) -> SendError {
        match self {
            Self::Refused(status) => SendError { retryable: true, ..refusal(status) },
            fault => SendError::temporary(NOT_BOUND, &fault.to_string()),
        }
    }
}

impl Smpp {
    /// With its settings. Nothing is connected before [`Self::run`].
    pub fn new(settings: SmppConfig) -> Self {
        let (jobs, inbox) = mpsc::channel(1_024);
        Self(Arc::new(Inner {
            window: Semaphore::new(usize::from(settings.window)),
            jobs,
            inbox: Mutex::new(Some(inbox)),
            bond: watch::Sender::new(Err(SendError::temporary(NOT_BOUND, "there was no time yet to bind to the message centre"))),
            quiet_until: watch::Sender::new(Instant::now()),
            settings,
        }))
    }

    /// Whether we are bound, to look at and to wait for.
    pub fn bond(&self) -> watch::Receiver<Bond> {
        self.0.bond.subscribe()
    }

    /// What intake needs to know of a delivered PDU, and whether it is a receipt.
    pub fn introduce(&self, pdu: &[u8]) -> (Hook, Verified) {
        super::introduce(&self.0.settings, pdu)
    }

    /// What a delivered PDU says.
    pub fn parse(&self, pdu: &[u8]) -> Result<Vec<InboundEvent>, ParseError> {
        super::parse(&self.0.settings, pdu)
    }

    /// Hands a text over once there is a place for it.
    pub async fn send(&self, text: &OutgoingText) -> Result<Accepted, SendError> {
        self.send_in(self.turn().await?, text).await
    }

    /// Hands a text over at its turn, in parts if it is long. The id is the first part's. If a part is out and a later one
    /// fails, the text is in doubt.
    pub async fn send_in(&self, turn: Turn<'_>, text: &OutgoingText) -> Result<Accepted, SendError> {
        let (mut first, mut turn) = (None, Some(turn));
        for body in submissions(&self.0.settings, text)? {
            let submitted = match turn.take() {
                Some(turn) => self.submit_in(turn, body.clone()).await,
                None => self.submit(body.clone()).await,
            };
            match (submitted, &first) {
                (Ok(id), None) => first = Some(id),
                (Ok(_), Some(_)) => {}
                (Err(error), None) => return Err(error),
                (Err(error), Some(_)) => self.submit_after(error, &body).await?,
            }
        }
        Ok(Accepted { provider_message_id: first.unwrap_or_default() })
    }

    /// A later part, again while the carrier only asks for patience.
    async fn submit_after(&self, mut error: SendError, body: &[u8]) -> Result<(), SendError> {
        for _ in 0..PATIENCE {
            if error.retry_after_ms.is_none() {
                break;
            }
            match self.submit(body.to_vec()).await {
                Ok(_) => return Ok(()),
                Err(again) => error = again,
            }
        }
        Err(SendError::in_doubt(&error.code, "the first part of the text was taken and a later one was not"))
    }

    /// Waits until the line is there, has a place, and the carrier wants no patience any more.
    pub async fn turn(&self) -> Result<Turn<'_>, SendError> {
        self.bound().await?;
        let full = || SendError::temporary("window", "the message centre answers so slowly that there was no turn in time");
        let place = timeout(self.answer_time(), self.0.window.acquire()).await.map_err(|_| full())?.map_err(|_| ending())?;
        let quiet_until = *self.0.quiet_until.borrow();
        sleep_until(quiet_until).await;
        Ok(Turn { _place: place })
    }

    async fn submit(&self, body: Vec<u8>) -> Result<String, SendError> {
        self.submit_in(self.turn().await?, body).await
    }

    async fn submit_in(&self, _turn: Turn<'_>, body: Vec<u8>) -> Result<String, SendError> {
        let (answer, answered) = oneshot::channel();
        self.0.jobs.send(Job { body, answer }).await.map_err(|_| ending())?;
        let unanswered = || SendError::in_doubt("no_answer", "the message centre did not answer before the line broke or in time");
        let answer = timeout(self.answer_time(), answered).await.ok().and_then(Result::ok).ok_or_else(unanswered)??;
        let read = read_answer(&self.0.settings, &answer);
        if let Err(SendError { retry_after_ms: Some(wait_ms), .. }) = read {
            self.0.quiet_until.send_replace(Instant::now() + Duration::from_millis(wait_ms.unsigned_abs()));
        }
        read
    }

    /// A line that is just being made is waited for.
    async fn bound(&self) -> Result<(), SendError> {
        let mut bond = self.0.bond.subscribe();
        let settled = |bond: &Bond| bond.as_ref().map_or_else(|error| error.ours || error.code == STOPPING, |()| true);
        // In time or not: how it stands is what counts.
        let _in_time = timeout(self.answer_time(), bond.wait_for(settled)).await.is_ok();
        bond.borrow().clone()
    }

    fn stand(&self, bond: Bond) {
        let _before = self.0.bond.send_replace(bond);
    }

    fn answer_time(&self) -> Duration {
        Duration::from_secs(self.0.settings.response_timeout_s.into())
    }

    /// Keeps the line until `stop`: then what is under way is finished and the bind ended. Delivered PDUs go to `delivered`.
    /// There is one such task; a second returns at once.
    pub async fn run(&self, delivered: mpsc::Sender<Delivered>, stop: CancellationToken) {
        let Some(mut jobs) = self.0.inbox.lock().unwrap_or_else(PoisonError::into_inner).take() else { return };
        let mut faults = 0_u32;
        while !stop.is_cancelled() {
            let began = Instant::now();
            let connected = tokio::select! {
                connected = self.refusing(&mut jobs, self.connect()) => connected,
                () = stop.cancelled() => break,
            };
            let ended = match connected {
                Ok(line) => {
                    tracing::info!(host = %self.0.settings.host, "bound to the message centre");
                    self.stand(Ok(()));
                    line.serve(self, &mut jobs, &delivered, &stop).await
                }
                Err(fault) => Err(fault),
            };
            let Err(fault) = ended else { break };
            faults = if began.elapsed() > SETTLED { 1 } else { faults.saturating_add(1) };
            if matches!(fault, Fault::Refused(BIND_FAILED..=WRONG_ACCOUNT)) {
                // Asked too often with the wrong password, some lock the account.
                faults = faults.max(7);
            }
            tracing::warn!(host = %self.0.settings.host, %fault, "not bound to the message centre");
            self.stand(Err(fault.told()));
            let longest = 250_u64.saturating_mul(1 << faults.min(8)).min(60_000);
            let pause = Duration::from_millis(longest / 2 + rand::random::<u64>() % (longest / 2 + 1));
            tokio::select! {
                () = self.refusing(&mut jobs, sleep(pause)) => {}
                () = stop.cancelled() => {}
            }
        }
        self.stand(Err(ending()));
        jobs.close();
        while let Some(job) = jobs.recv().await {
            job.refuse(STOPPING, "the process is stopping");
        }
    }

    /// What wants to go while there is no line is told so at once.
    async fn refusing<T>(&self, jobs: &mut mpsc::Receiver<Job>, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        loop {
            tokio::select! {
                done = &mut work => return done,
                Some(job) = jobs.recv() => job.refuse(NOT_BOUND, "the line to the message centre broke before it was sent"),
            }
        }
    }

    async fn connect(&self) -> Result<Line, Fault> {
        let settings = &self.0.settings;
        let connecting = timeout(CONNECT_TIME, wire::open(&settings.host, settings.port, settings.tls));
        let (read, mut write) = tokio::io::split(connecting.await.map_err(|_| Fault::Silent)?.map_err(Fault::Connect)?);
        let mut incoming = Incoming { read, buffer: BytesMut::new() };
        let body = pdu::bind(&settings.system_id, settings.password.expose_secret(), &settings.system_type);
        write.write_all(&pdu::write(BIND_TRANSCEIVER, 0, 1, &body)).await?;
        write.flush().await?;
        let answered = async {
            loop {
                let answer = incoming.next().await?;
                match pdu::header(&answer) {
                    Some(header) if header.command & RESPONSE != 0 && header.status == 0 => return Ok(()),
                    Some(header) if header.command & RESPONSE != 0 => return Err(Fault::Refused(header.status)),
                    // An outbind, say.
                    _ => {}
                }
            }
        };
        timeout(self.answer_time(), answered).await.map_err(|_| Fault::Silent)??;
        Ok(Line { incoming, write, sequence: 1 })
    }
}

fn ending() -> SendError {
    SendError::temporary(STOPPING, "the process is stopping")
}

impl Job {
    fn refuse(self, code: &str, why: &str) {
        let _gone = self.answer.send(Err(SendError::temporary(code, why)));
    }
}

/// What comes in, cut into PDUs. Waiting for the next may be given up and taken up again.
struct Incoming {
    read: ReadHalf<Box<dyn Wire>>,
    buffer: BytesMut,
}

impl Incoming {
    async fn next(&mut self) -> Result<Bytes, Fault> {
        loop {
            if let Some(pdu) = pdu::cut(&mut self.buffer).map_err(Fault::Length)? {
                return Ok(pdu);
            }
            if self.read.read_buf(&mut self.buffer).await? == 0 {
                return Err(Fault::Closed);
            }
        }
    }
}

/// A bound connection.
struct Line {
    incoming: Incoming,
    write: WriteHalf<Box<dyn Wire>>,
    sequence: u32,
}

/// Written apart from reading, so that neither side waits for the other with both their buffers full.
async fn write_all(mut write: WriteHalf<Box<dyn Wire>>, mut outbox: mpsc::UnboundedReceiver<Bytes>) -> Result<(), Fault> {
    while let Some(pdu) = outbox.recv().await {
        write.write_all(&pdu).await?;
        write.flush().await?;
    }
    Ok(())
}

impl Line {
    /// Serves the line until it breaks, or until `stop` and what was under way then.
    async fn serve(self, smpp: &Smpp, jobs: &mut mpsc::Receiver<Job>, delivered: &mpsc::Sender<Delivered>, stop: &CancellationToken) -> Result<(), Fault> {
        let Self { mut incoming, write, sequence } = self;
        // Bounded by the window and by what may be delivered and not answered.
        let (out, outbox) = mpsc::unbounded_channel();
        let mut writing = pin!(write_all(write, outbox));
        let mut talk = Talk { out, sequence, pending: HashMap::new(), answering: FuturesUnordered::new(), delivered };
        let every = Duration::from_secs(smpp.0.settings.enquire_link_s.into());
        let mut asked = false;
        let mut alarm = Instant::now() + every;
        let mut stopping = false;
        let ended = loop {
            if stopping && talk.pending.is_empty() && talk.answering.is_empty() {
                break Ok(());
            }
            tokio::select! {
                pdu = incoming.next() => match pdu.and_then(|pdu| talk.hear(&pdu)) {
                    Ok(()) if asked => {
                        asked = false;
                        alarm = Instant::now() + every;
                    }
                    Ok(()) => {}
                    Err(fault) => break Err(fault),
                },
                Some(job) = jobs.recv(), if !stopping => talk.submit(job),
                Some((sequence, status)) = talk.answering.next(), if !talk.answering.is_empty() => talk.say(DELIVER_SM | RESPONSE, status, sequence, &[0]),
                () = sleep_until(alarm) => {
                    if stopping {
                        break Ok(());
                    }
                    if asked {
                        break Err(Fault::Silent);
                    }
                    talk.pending.retain(|_, answer| !answer.is_closed());
                    talk.ask(ENQUIRE_LINK);
                    asked = true;
                    alarm = Instant::now() + smpp.answer_time();
                }
                ended = &mut writing => break ended.and(Err(Fault::Closed)),
                () = stop.cancelled(), if !stopping => {
                    stopping = true;
                    smpp.stand(Err(ending()));
                    alarm = Instant::now() + smpp.answer_time();
                }
            }
        };
        if ended.is_ok() {
            talk.ask(UNBIND);
        }
        drop(talk);
        if matches!(ended, Ok(()) | Err(Fault::Unbound)) {
            // Our answer to their unbind, or ours and their answer; the line ends either way.
            let _written = timeout(LAST_WORDS, writing).await;
        }
        if ended.is_ok() {
            let farewell = async { while incoming.next().await.is_ok_and(|pdu| pdu::header(&pdu).is_none_or(|header| header.command != UNBIND | RESPONSE)) {} };
            let _answered = timeout(LAST_WORDS, farewell).await;
        }
        ended
    }
}

/// Both sides of the conversation on one line.
struct Talk<'a> {
    out: mpsc::UnboundedSender<Bytes>,
    sequence: u32,
    pending: HashMap<u32, Answer>,
    answering: FuturesUnordered<BoxFuture<'static, (u32, u32)>>,
    delivered: &'a mpsc::Sender<Delivered>,
}

impl Talk<'_> {
    fn say(&self, command: u32, status: u32, sequence: u32, body: &[u8]) {
        // A writer that ended is seen by the loop.
        let _closed = self.out.send(pdu::write(command, status, sequence, body));
    }

    /// Asks under the next number; they run from 1 to 0x7FFFFFFF (section 5.1.4).
    fn ask(&mut self, command: u32) -> u32 {
        self.ask_with(command, &[])
    }

    fn ask_with(&mut self, command: u32, body: &[u8]) -> u32 {
        self.sequence = if self.sequence >= 0x7fff_ffff { 1 } else { self.sequence + 1 };
        self.say(command, 0, self.sequence, body);
        self.sequence
    }

    fn submit(&mut self, job: Job) {
        // Whoever waited may have given up.
        if !job.answer.is_closed() {
            let sequence = self.ask_with(SUBMIT_SM, &job.body);
            self.pending.insert(sequence, job.answer);
        }
    }

    fn hear(&mut self, pdu: &Bytes) -> Result<(), Fault> {
        let Some(header) = pdu::header(pdu) else { return Ok(()) };
        match header.command {
            DELIVER_SM => self.take_in(header.sequence, pdu),
            ENQUIRE_LINK => self.say(ENQUIRE_LINK | RESPONSE, 0, header.sequence, &[]),
            UNBIND => {
                self.say(UNBIND | RESPONSE, 0, header.sequence, &[]);
                return Err(Fault::Unbound);
            }
            // To our enquiry, our unbind or our submission: one that came too late finds nobody.
            command if command & RESPONSE != 0 => {
                if let Some(answer) = self.pending.remove(&header.sequence) {
                    let _gone = answer.send(Ok(pdu.clone()));
                }
            }
            pdu::OUTBIND | pdu::ALERT_NOTIFICATION => {}
            command => {
                tracing::warn!(command, "the message centre asked for something that we do not do");
                self.say(GENERIC_NACK, UNKNOWN_COMMAND, header.sequence, &[]);
            }
        }
        Ok(())
    }

    /// Hands it on without waiting, so that the line goes on being heard; where nobody takes it, it is to come again.
    fn take_in(&mut self, sequence: u32, pdu: &Bytes) {
        let (answer, answered) = oneshot::channel();
        if self.delivered.try_send(Delivered { pdu: pdu::without_number(pdu), answer }).is_err() {
            return self.say(DELIVER_SM | RESPONSE, TRY_AGAIN, sequence, &[0]);
        }
        self.answering.push(Box::pin(async move { (sequence, answered.await.unwrap_or(TRY_AGAIN)) }));
    }
}
