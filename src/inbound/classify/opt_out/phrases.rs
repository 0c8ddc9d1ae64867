//! `[pure]` A text clause by clause: what the person asks of us, and what else they say.
//!
//! A wish is an order or request to us about our messages: "please stop texting me". The same verb about somebody else ("he
//! won't stop texting me") or something else ("stop them speeding") is none, so each pattern is held to the clause's beginning,
//! after the courtesies, and names what is to stop.

use std::sync::LazyLock;

use regex::{Regex, RegexSet};

use super::normal;
use super::words;

/// What a clause says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Saying {
    /// No more messages, please.
    Wish,
    /// A word such as STOP, standing by itself.
    Word,
    /// They ask how to get out.
    AskedHow,
    /// Out, but only if, when or until something.
    Conditional,
    /// They say that they do not want out.
    Stay,
    /// Back in.
    Return,
    /// The number is not whose we think.
    WrongNumber,
    /// What is this, how does it work.
    Question,
    /// Weary or rude, without asking anything.
    Perhaps,
    /// Why they want out.
    Reason,
    /// Courtesies, oaths.
    Filler,
    /// A word or two, as a name under a text.
    Name,
    /// Something that an officer wants to read.
    Report,
    /// Anything else.
    Other,
}

/// A part of a text, between two marks.
#[derive(Clone, Debug)]
pub(super) struct Clause {
    pub(super) saying: Saying,
    /// The mark that ended it.
    pub(super) end: char,
    /// Something in it an officer wants to read, whatever else it says.
    pub(super) tells: bool,
    /// How many words it has.
    pub(super) words: usize,
}

/// What our messages are called.
const OURS: &str = r"(?:texts?|txts?|txt msgs?|text messages?|messages?|mesages?|messges?|massages?|msgs?|sms(?:es)?|alerts?|notifications?|updates?|e-?mails?|spam|junk|rubbish|crap|shite?|bollocks|nonsense|stuff|communications?|correspondence|bulletins?|newsletters?|appeals)";
/// What may stand before it.
const DETERMINERS: &str = r"(?:(?:all|any|the|these|thes|theese|this|those|them|your|ur|youre|you're|my|me|us|more|of|out|out of|to|through|further|future|other|bloody|blooming|fucking|damn|stupid|annoying|sodding|flipping|effing|daft|police|alert|derbyshire|neighbourhood|silly|endless|constant|constantly|unwanted|pointless|such|so many|random|automated|automatic|f\S*ing) )*";
/// Towards us: what is polite or rude before a request.
const LEAD: &str = r"^(?:(?:please|pls|plz|plse|pleas|kindly|just|now|ok|okay|hi|hiya|hello|hey|so|right|oi|look|again|also|then|thanks|sorry|yes|no|oh|well|and|but|or|could|can|would|will|cud|wud|may|might|u|you|ya|i|we|want|wanted|wud like|would like|like|need|you to|u to|to|ask|asking|asked|request|requesting|beg|begging|that|if|be grateful|grateful|appreciate it|would appreciate|appreciated|id|i'd|i'm|im|am|must|someone|somebody|for the last time|for gods sake|for god's sake|for fucks sake|ffs|dear sir|dear sirs|sir or madam|dear|sir|madam|bloody|fucking|hell|f\S*ing|mate|guys|folks|love|police|derbyshire alert|derbyshire police|immediately|asap|today|do me a favour and|be so kind as to|possible|is it possible to|would it be possible to|would be|it be possible|as|well|me|sick of this|enough|thank you|good morning|good afternoon|good evening|morning|evening|how many times|really|simply) )+";

/// Verbs of sending, as they are typed.
const VERBS: &str = r"(?:text(?:ing|in|s)?|txt(?:ing|in|s)?|messag(?:e|ing|in|es)?|mesag\w+|msg(?:ing|in|s)?|contact(?:ing|in)?|spam(?:ming|min)?|bother(?:ing|in)?|pester(?:ing|in)?|harass(?:ing|in)?|hassl(?:e|ing|in)|annoy(?:ing|in)?|e?-?mail(?:ing|in)?|ring(?:ing|in)?|phon(?:e|ing|in)|call(?:ing|in)?|disturb(?:ing)?|alert(?:ing)?|bug(?:ging)?|notif(?:y|ying)|blow(?:ing)? up my phone)";
/// Those of them that are about our messages and nobody's telephone.
const TEXTING: &str = r"(?:text(?:ing|in)?|txt(?:ing|in)?|messag(?:e|ing|in)|mesag\w+|msg(?:ing|in)?|contact(?:ing|in)?|spam(?:ming|min)?|bother(?:ing|in)?|pester(?:ing|in)?|harass(?:ing|in)?|e?-?mail(?:ing|in)?|disturb(?:ing)?)";
/// What ends a wish without changing it.
const TAIL: &str = r"(?: (?:any ?more|anymore|again|ever|ever again|at all|please|pls|plz|now|thanks|thank you|thankyou|ta|mate|from you|from now on|in (?:the )?future|immediately|asap|at once|altogether|completely|forever|today|right now|for good|really|tbh|ok|okay|cheers|here|on (?:here|this (?:number|phone|mobile)|my (?:phone|mobile|number))|to (?:me|us|my phone|my mobile|my number|this (?:number|phone|mobile)|here)|with (?:these|this|your|any) ?\w* ?\w*|about (?:this|these|it|anything|them|things|crime|stuff)|for (?:these|this|anything)|by (?:text|email|phone)|every (?:day|week|five minutes|time)|all (?:the time|day)|so often|you lot|either|then|yet again|already|lol|x+|this is|it is|i) ?)*$";

struct Patterns {
    lead: Regex,
    oaths: Regex,
    wish: RegexSet,
    not_wish: RegexSet,
    wish_anywhere: RegexSet,
    asked_how: RegexSet,
    not_asked_how: RegexSet,
    conditional: Regex,
    stay: RegexSet,
    back: RegexSet,
    wrong_number: RegexSet,
    not_wrong_number: RegexSet,
    question: RegexSet,
    perhaps: RegexSet,
    reason: RegexSet,
    report: RegexSet,
    only_if: Regex,
    polite_if: Regex,
    polite: Regex,
    part: Regex,
    others: Regex,
    ours: Regex,
    strong: RegexSet,
    filler: Regex,
}

static PATTERNS: LazyLock<Option<Patterns>> = LazyLock::new(|| Patterns::make().ok());

impl Patterns {
    fn make() -> Result<Self, regex::Error> {
        Ok(Self {
            lead: Regex::new(LEAD)?,
            oaths: Regex::new(r"\b(?:fucking|fuckin|fkn|fking|effin|effing|bloody|bleeding|bleedin|sodding|flipping|flippin|damn|goddamn|frigging|friggin|f-ing|please|pls|plz|plse|kindly|just|the hell|the fuck|duck|mate)\b ?")?,
            wish: RegexSet::new([
                // Stop texting me; stop with the texting.
                format!(r"^(?:stop|quit|cease|desist from|refrain from|leave off|pack in|give over|stop bloody|stop fucking|stop f\S*ing)(?: with| all| the)* {VERBS}{TAIL}"),
                format!(
                    r"^(?:stop|quit|cease|desist from|refrain from|pack in|stop bloody|stop fucking|stop f\S*ing)(?: with| all| the)* {VERBS} (?:me|us|my (?:phone|number|mobile|wife|husband|mum|dad|son|daughter)|this (?:number|phone|mobile|no)|to (?:me|this|my)|on (?:this|my))\b"
                ),
                // Stop sending these.
                format!(r"^(?:stop|stop it|quit|cease|stop bloody|stop fucking|stop f\S*ing)(?: and desist)?(?: from)? (?:send|sendin|sending|sening|sedning|sent|receiving|getting) {DETERMINERS}(?:{OURS}|these|this|them|things?|it|anything|me|us)\b"),
                r"^(?:stop|quit|cease) (?:sending|sendin)$".to_owned(),
                // No more texts.
                format!(r"^(?:stop|cancel|end|quit|no more|no further|cut out|cut|turn off|switch off|discontinue|halt|terminate|enough of|stop with|stop off|stop it with) {DETERMINERS}(?:{OURS}|subscription|membership|registration|sign ?up|service|account|this service|scheme)\b"),
                r"^(?:end|cancel|stop|terminate|close) (?:my )?(?:subscription|membership|registration|account|sign ?up)\b".to_owned(),
                r"^no more(?: of (?:these|this|them|it|that)(?: \S+){0,2}| thanks| thank you| ta| now| for me)*$".to_owned(),
                // Remove me, take my number off.
                r"^(?:remove|removed|remve|remov|delete|erase|unsubscribe|unsubscrible|wipe|scrub|withdraw|unregister|deregister|de-register|exclude)(?: both)? (?:me|us|myself|all of us|my (?:\S+ ){0,3}(?:number|no|num|details|phone|name|mobile|mob|data|e-?mail|address|account|info\w*|subscription|registration|contact)|this (?:number|no|phone|mobile|mob|contact|address|device|tel\w*)|our (?:\S+ )?(?:number|numbers|details|names?)|the (?:above|following) number|from (?:this|your|the) (?:mailing |contact |text |sms )?list)(?:$| (?:from|off|of|out|please|pls|plz|now|asap|immediately|thanks|thank|ta|at once|today|and|entirely|permanently|completely|i|as|it|mate|for good|on|0\d+))".to_owned(),
                r"^(?:take|get|strike|knock|cross|scratch|tek) (?:me|us|my (?:\S+ ){0,2}(?:number|no|details|phone|name|mobile|mob|email)|this (?:number|phone|mobile|no)|our (?:number|details|names?)|\d+)(?: \S+)? (?:off(?:$| (?:it|these|this|them|here|please|pls|now|thanks|thank|ta|asap|mate|completely|permanently|immediately|straight|as|i|today))|(?:off|out of|from) (?:of )?(?:this|the|your|ur|these|any|all|that) (?:\S+ ){0,2}?(?:list|lists|system|systems|texts?|messages?|alerts?|service|database|group|thing|scheme|records|mailing|contacts))\b".to_owned(),
                r"^(?:lose|forget|bin|ditch|get rid of|block|erase) my (?:number|no|details|phone number)\b".to_owned(),
                // Out.
                r"^(?:unsubscribe|unsubscrib|unsuscribe|unsubcribe|un subscribe|unsub|unsubscribing|opting out|optout|opt-out|opt out|opt me out|opt us out|opt this number out|opt my number out|opted out|count me out|out of this (?:list|group|service))(?:$| (?:me|us|this number|my|from|now|thanks|thank|all|immediately|asap|of (?:these|this|the|all|your|it)|i|it|today|too|as|then|ta|cheers|at once|altogether))".to_owned(),
                r"^(?:wish |like |want |rather |prefer |'d like |had like |have decided |decided |am |m |hereby |going |gonna |choose |choosing |now |no longer |really |would |i |to )+(?:opt out|opt-out|optout|opting out|unsubscribe|be unsubscribed|be removed|be taken off|be taken of|come off|coming off|be deleted|be opted out|be left alone|be excluded|be off|get off (?:this|your|the|these)|stop (?:receiving|getting|having|being sent)(?:$| (?:all |any |the |your |these |this |them |more |text |police |so many )*(?:texts?|messages?|alerts?|these|this|them|anything|it|updates|notifications|from)\b)|withdraw (?:my )?(?:consent|permission|from|subscription)|leave (?:this|the|your|these|derbyshire) (?:service|scheme|list|group|alerts?|thing|alerts)|leave now|cancel (?:this|my|these|the) (?:service|subscription|membership|texts|messages|alerts|registration|thing|account)|cancel these$|drop out of (?:this|the)|not (?:to )?(?:receive|get|be sent|be texted|be contacted|hear from|have these|have any more))\b".to_owned(),
                r"^(?:pack it in|discontinue|desist|cease|please discontinue|unenroll|unenrol)(?: (?:with|wi|me|from|this|these|them|us) ?\S*)*$".to_owned(),
                r"^(?:want )?out(?: of (?:this|these|it))?(?: please| pls| now| thanks)*$".to_owned(),
                // Do not text me.
                format!(r"^(?:do not|don't|dont|never|no need to|not to|dnt|don't you|dont you|can you not|could you not|would you not)(?: (?:ever|keep|continue to|continue|try to|bother|dare))* {TEXTING} (?:me|us|my (?:phone|number|mobile)|this (?:number|phone|mobile|no)){TAIL}"),
                format!(r"^(?:do not|don't|dont|never|dnt)(?: (?:ever|keep))* {VERBS} (?:me|us|my (?:phone|number|mobile)|this (?:number|phone|mobile|no))(?: on this number)? (?:any ?more|anymore|again|ever|ever again|no more)\b"),
                format!(r"^(?:do not|don't|dont|never|no need to|dnt)(?: (?:you|u|ever|bloody|fucking|please|keep|continue|bother|want to keep))* (?:send|sending|receive) {DETERMINERS}(?:{OURS}|these|them|any ?more|anything)\b"),
                // I do not want these any more.
                format!(
                    r"^(?:still |really |just |honestly |personally )*(?:do not|don't|dont|dnt|no longer|no longer really|never|didn't|did not|not|don t|not wanting|neither)(?: (?:really|ever|even|actually|wanna|currently|particularly|personally))? ?(?:want|need|wish|require|care|like|wanna|wanting|needing|wishing|interested in|consent|agree|fancy)?(?: (?:for|to|be|keep|get|getting|receive|receiving|recieve|recieving|have|having|hear|hearing|see|in|being|sent|sending))* {DETERMINERS}(?:(?:{OURS})|from you|anything (?:more )?from you)(?: (?:from|on|about|to|any|sent|coming|that|at|for|through|please|pls|now|thanks|again|anymore|ta|cheers|or|in|as|because|i|you|thank|tbh|mate|via|with|every)\b|$)"
                ),
                format!(r"^(?:really |just )*(?:do not|don't|dont|dnt|no longer|never|no longer really)(?: (?:really|ever|actually))? (?:want|need|wish|require|wanna)(?: (?:for|to|be|keep|get|getting|receive|receiving|have|having|see))* (?:these|them|any of (?:these|this|them)|any more of (?:these|this|them)|all (?:these|this)){TAIL}"),
                r"^(?:really |just )*(?:do not|don't|dont|no longer|never)(?: (?:really|ever|actually))? (?:want|need|wish|require|wanna)(?: (?:for|to|be|get|getting|receive|have))* (?:this|it|any|any of it|the service|your service|alerts)(?: service)? (?:any ?more|anymore|any longer|now|at all|thanks|thank you|please|ta)".to_owned(),
                r"^(?:really |just )*(?:do not|don't|dont|no longer|never)(?: (?:really|ever|actually))? (?:want|need|wish|require|wanna|care)(?: to)? (?:be (?:on|part of|in|a member of|contacted|texted|messaged|alerted|notified|included|registered|subscribed|signed up|bothered|disturbed)|take part|participate|hear from|subscribe|stay on|remain on|be getting|be receiving|receive|get (?:these|any))\b".to_owned(),
                r"^(?:am |'m |m |be )?(?:no longer|not) (?:interested in (?:receiving|getting|these|this service|your|being)|wish(?:ing)? to (?:receive|be|get|have|hear)|want(?:ing)? (?:these|to be|to receive|to get))\b".to_owned(),
                r"^(?:rather|prefer) not (?:to )?(?:receive|get|be|have|hear)\b".to_owned(),
                r"^leave (?:me|us) (?:the fuck |the hell )?(?:alone|be|in peace)(?: please| pls| now| thanks| and stop.*)?$".to_owned(),
                r"^(?:i |we )?(?:be )?(?:removed|taken off|unsubscribed|opted out)(?: (?:from|of|off) (?:this|your|the|these|ur) (?:\S+ )?(?:list|lists|texts|alerts|messages|service|system|group|scheme|database)|$)".to_owned(),
                r"^(?:text|txt|message|contact|bother|msg|spam) (?:me|us) (?:no more|again never|never again)\b".to_owned(),
                r"^(?:stop|unsubscribe|end) (?:all )?(?:contact|contacting|communication|communications)\b".to_owned(),
                r"^(?:withdraw|withdrawing|revoke|revoking|retract) (?:my |all )*(?:consent|permission|subscription|registration)\b".to_owned(),
                r"^(?:remove|delete|take|erase|unsubscribe) (?:0|\+?44)\d[\d ]{7,}".to_owned(),
                format!(r"^(?:do not|don't|dont|never|dnt|dunt|don t) want (?:no|any|owt|nowt)(?: more)?(?: more)? (?:of )?{DETERMINERS}(?:{OURS}|these|them|this)\b"),
                r"^(?:do not|don't|dont|never) (?:text|message|contact|use|txt|ring) (?:it|this number|that number|this one)\b".to_owned(),
                r"^(?:make (?:it|these|this|them) stop|make (?:these|the|this) (?:texts|messages|alerts) stop)\b".to_owned(),
                r"^(?:want|like|need) (?:these|the|this|all|all these|all of these|your) (?:\S+ )?(?:texts|messages|alerts|to stop|stopped|stopping|to end)\b.*\b(?:stop|stopped|stopping|ended|end|cancelled|off)\b".to_owned(),
                r"^(?:want|like|need) (?:this|these|them|it|all this|all these) (?:to stop|stopped|to end|to cease|cancelled|turned off)\b".to_owned(),
            ])?,
            not_wish: RegexSet::new([
                // The alert itself may be over: "cancel the alert, he is home".
                r"^(?:cancel|end|stop|terminate|discontinue|halt|turn off|switch off|call off) (?:the |this |that |your |my )?(?:last |previous |first |earlier )?(?:alert|appeal|search|message|text|update|notification|msg|bulletin|report|call|spam|service)(?:$| (?:on|about|for|he|she|they|it|dog|cat|found|we|i|as|because|is|was|re|i've|ive|he's|shes|hes|she's|sign|box|alert|at|in|by))",
                r"^(?:no more|stop|end) (?:\S+ )?(?:messages|texts|calls|emails|spam|rubbish|crap|shite?|junk|stuff)(?: \S+)? (?:from|by) (?:him|her|them|the|that|these|this|my|scam\w*|my ex|a|an|his|unknown|people)\b",
                r"^(?:stop|no more) (?:the |all |this |these |that )?(?:rubbish|crap|shite?|junk|stuff|nonsense|spam)\b.*\b(?:being|getting|dumped|dumping|left|thrown|going|on|in|at|outside|happening|calls?|emails?)\b",
                r"\b(?:him|her|them|kids|lads|people|he|she|they|cars|drivers|motorists|youths|neighbours?|scammers?|fraudsters?|thieves|everyone)\b.{0,30}\b(?:texting|messaging|contacting|sending|calling|parking|speeding|driving|doing|being|getting|from|riding|hanging)\b",
                r"^(?:stop|end|cancel) (?:sign|lane|house|line|street|road|terrace|cottage|the thief|him|her|them)\b",
            ])?,
            wish_anywhere: RegexSet::new([
                // Asked of us, with our messages named, wherever it stands.
                r"\b(?:can|could|would|will|cud|wud|wish|want|ask|asking|like|need|request|that|must|to|so|then|therefore|and) (?:you |u |ya |you to |u to |we |i |to |that )*(?:stop|cease|quit|end|discontinue)(?: \w+){0,2} (?:texting|txting|messaging|contacting|emailing|spamming|sending)(?: (?:me|us|out|to|any|all|more|these|the|your|text|this|my|such))* ?(?:texts?|messages?|alerts?|these|them|number|phone|anything|me|us|msgs|$)".to_owned(),
                r"\b(?:can|could|would|will|cud|wud|so|then|therefore|want|like|need|asking|please) (?:you |u |ya |i |to |we )*(?:stop|end|cancel|cease) (?:these|all these|all the|all|your|all your|the) (?:texts|messages|alerts|txts|msgs|text messages|sms)\b".to_owned(),
                r"\b(?:take|remove|delete|get|cross|strike) (?:this number|my number|this phone|my phone|me|us|my name|my details|it|my mobile|my email|these numbers|my old number|this old number)(?: \S+){0,2} (?:off|from|out of) (?:of )?(?:your|the|this|ur|any|all|these|that) (?:\S+ )?(?:list|lists|system|systems|database|service|records|books|group|contacts|alerts|texts|messages|scheme|files|mailing)\b".to_owned(),
                r"\b(?:take|get) (?:me|us|my number|this number) off(?:$| (?:it|this|these|here|now|thanks|ta|as|asap|completely|today|straight|immediately))".to_owned(),
                r"\b(?:cease|stop) sending (?:me |us |any |all |your |these |more |further |the )*(?:text )?(?:texts|messages|alerts|msgs)\b".to_owned(),
                r"\b(?:like|want|prefer|rather|wish|chosen|decided) (?:to )?not (?:to )?(?:receive|get|be sent|be texted|have|hear)\b".to_owned(),
                r"\bno (?:longer|more) (?:require|need|want|wish|wanting|needing)(?: (?:to|get|receive|be|sent|getting|receiving|any|the|your|these|of))* (?:these|them|texts?|messages?|alerts?|service|updates|notifications|this)\b".to_owned(),
                r"\b(?:opt|opted|opting) (?:me |us |my number |this number )?out\b.{0,20}\b(?:please|now|thanks|texts|messages|alerts|these|this|list|service)\b".to_owned(),
                // Welsh: the verb may stand anywhere.
                r"\b(?:peidiwch|paidiwch|paid|stopiwch|stopia|rhowch y gorau|rho'r gorau|a wnewch chi beidio|wnewch chi stopio|allwch chi stopio|allwch chi beidio|gallwch chi stopio)\b.*\b(?:tecst\w*|decst\w*|thecst\w*|negeseu\w*|neges|ataf|ata i|i mi|imi|cysylltu|chysylltu|gysylltu|tecstio|ebostio|e-?byst|rhain|rhybuddion)\b".to_owned(),
                r"\bnid wyf\b.*\b(?:dymuno|eisiau)\b.*\b(?:derbyn|cael|rhagor|negeseu\w*)\b".to_owned(),
                r"\b(?:tynnwch|tynna|tynnu|thynnu|nhynnu|dynnu) (?:fi|fy (?:rhif|enw|manylion)|y rhif)\b".to_owned(),
                r"\b(?:dilewch|dileu|dilea|ddileu) (?:fi|fy (?:rhif|enw|manylion)|y rhif)\b".to_owned(),
                r"^(?:plis )?dim (?:mwy|rhagor)\b(?: o (?:negeseu\w*|decst\w*|tecst\w*|rhain|hyn|neges\w*|rybuddion|rhybuddion|y rhain).*| plis| diolch|$)".to_owned(),
                r"\b(?:dim|ddim|mo'yn dim|'m)\b.*\b(?:eisiau|isio|isie|moyn|mo'yn|dymuno|angen)\b.*\b(?:rhain|negeseu\w*|neges|tecst\w*|decst\w*|mwy|rhagor|rhybuddion|derbyn|hyn)\b".to_owned(),
                r"\b(?:hoffwn|dymunaf|rwyf am|dwi am|rwy am) (?:i chi )?(?:beidio|stopio)\b.*\b(?:derbyn|cael|anfon|negeseu\w*|tecst\w*|decst\w*)\b".to_owned(),
                r"\bgadewch (?:lonydd|fi|lonydd i)\b".to_owned(),
                r"\b(?:hoffwn|dw i eisiau|dwi eisiau|dwi isio|rwyf am|rwy eisiau|rydw i eisiau|rwyf eisiau|dwi am|rwy am) (?:adael|gadael|ddad\S*|dad\S*|optio allan|roi'r gorau|stopio|gael fy (?:nhynnu|nileu)|ganslo|canslo|dynnu)\b".to_owned(),
                r"\b(?:dad-?danysgrif\w*|datdanysgrif\w*|ddad-?danysgrif\w*)\b".to_owned(),
                r"^canslwch\b.*\b(?:negeseu\w*|tecst\w*|decst\w*|rhybuddion|fy|rhain)\b".to_owned(),
                // Said of themselves, wherever it stands.
                r"\bi(?:'d| would|d)? (?:really )?(?:want|wish|like|need|prefer) (?:to )?(?:be )?(?:removed|unsubscribed?|taken off (?:this|your|the)|opted out|opt out)\b".to_owned(),
                r"\b(?:remove|take|delete) (?:me|my (?:\S+ )?(?:number|details|name)|this number) (?:off|from|of) (?:this|your|the|ur|any|all) (?:\S+ )?(?:list|system|service|database|group|scheme|alerts|texts|messages|records)\b".to_owned(),
                r"\bunsubscribe (?:me|this number|my number|us)\b".to_owned(),
                r"\bi (?:no longer|don't|do not|dont) (?:want|wish) to (?:receive|get|be sent)\b".to_owned(),
            ])?,
            asked_how: RegexSet::new([
                r"^(?:how|hows|where|what|which|whats|what's|is there|any way|whom|who)\b.*\b(?:unsubscribe|opt out|opt-out|optout|come off|get off|be removed|take me off|get taken off|remove me|remove my|leave (?:this|the) (?:service|list|group|scheme)|turn (?:these|them|this) off|stop (?:getting |receiving |having )?(?:these|this|your|the (?:texts|messages|alerts)|them|texts|messages|alerts|getting texts|from you|you)|cancel (?:these|this|my (?:subscription|account|registration)))\b",
            ])?,
            not_asked_how: RegexSet::new([r"\b(?:scam\w*|fraud\w*|phishing|cold call\w*|nuisance|spammers?|him|her|whatsapp|facebook|junk|parcel|bank|from (?:him|my|a|the|an))\b"])?,
            conditional: Regex::new(
                r"\b(?:if|unless|until|till|untill|when|while|whilst|after (?:\d|ten|nine|eight|midnight|dark|hours)|before (?:\d|nine|eight|ten|seven)|at night|in the night|overnight|night ?time|during|between|this late|so late|late at|at weekends?|past \d|so early|early|at \d+|at (?:this|that) (?:time|hour)|at silly|at stupid|middle of the night|so many|so often|as often|as many|too many|too often|every (?:day|hour)|on sundays?|for (?:a (?:while|bit|few|week|month)|now|this week|the (?:next|moment|summer)|\d)|temporarily|weeks?|in the (?:day|morning|evening)|except|only|just the|apart from|but keep|other than|about (?:the )?(?:dogs?|church|cctv|school|lost|parking|events?|meetings?|surveys?|cat|missing|other)|instead|by email|for the other|fortnight|holiday|pm and|am and|two of each|one of them|not sure|let me think|instead of|os|yn y nos|yn hwyr|yn ystod|tan|oni bai|same (?:one|ones|thing|message|text|alert)|over and over|other (?:phone|number|one|mobile)|\w+ ones)\b",
            )?,
            stay: RegexSet::new([
                r"\b(?:do not|don't|dont|never|dnt|not|no need to|please keep|wouldn't|won't|wont|no intention of)(?: (?:you|u|ever|want to|wanna|want you to|going to|to|please))* (?:stop|stopping|unsubscribe|unsubscribing|remove me|removed?|take me off|opt out|opting out|opt me out|leave|cancel|cancel my|cut me off|come off)(?: me)?(?:$| (?:sending|texting|these|the|them|this|it|me|messaging|from|getting|receiving|being|doing|posting|your|alerts?|texts?|messages?|my|of|on))",
                r"\bkeep (?:them|these|it|the (?:texts|alerts|messages|updates)|sending|texting|me (?:on|posted|updated|informed|in))\b",
                r"\b(?:glad|pleased|happy|good) (?:to (?:get|receive|have|be on)|you send|of|with)\b.{0,20}\b(?:texts|alerts|messages|these|updates)\b",
                r"\b(?:dw i|dwi|rwy) (?:ddim|ddim yn) (?:eisiau|am) (?:stopio|gadael|rhoi)\b",
                r"\b(?:peidiwch|paid|plis peidiwch) a (?:stopio|pheidio|thynnu|dileu)\b",
                r"\b(?:stop|stopping) (?:sending|texting) (?:these|them|me)? ?(?:would|was|is) (?:be )?(?:a )?(?:mistake|shame|pity)",
            ])?,
            back: RegexSet::new([
                r"^(?:start|restart|resume|begin|turn) (?:(?:sending|texting|messaging|getting)|(?:the |my |these |your |them |it |me )*(?:texts|alerts|messages|updates|notifications)?)(?: (?:me|to me|back on|on|again|up|please|pls|the|these|my|alerts|texts|messages|them))*$",
                r"^(?:sign|put|add|subscribe|opt|include|register) (?:me|us|my number|me number)(?: (?:back|up|in|on|to|again|for))+(?: (?:the|this|your|these|list|alerts|service|texts|again|please|pls|now|thanks|messages|derbyshire alert|derbyshire|alert))*$",
                r"^(?:i |we )?(?:changed my mind|change of mind|'ve changed my mind|have changed my mind|made a mistake|didn't mean to (?:stop|unsubscribe|opt out)|(?:want|would like|'d like|like) (?:to )?(?:the |my |these |your )?(?:get|receive|have|join|rejoin|subscribe|sign up|opt in|opt back in|come back|start|be back on|texts|alerts|messages)(?: (?:the|these|your|texts|alerts|messages|again|back|in|please|getting|receiving|on|for|to|up))*)$",
                r"^(?:join|rejoin|resubscribe|subscribe|opt in|opt back in|unstop|start)(?: (?:me|please|pls|again|back|in|the|service|alerts|scheme|derbyshire|alert|to|this|list|texts|now|messages|up|my|for|i'd like|i want|want))*$",
                r"\b(?:dechrau|dechreuwch|ailddechrau|ymuno|tanysgrifio)\b.*\b(?:eto|os gwelwch|plis|anfon|negeseu\w*|rhybuddion|nol|yn ol|tecst\w*)\b",
                r"\b(?:put|add|get) (?:us|me) on (?:the|your|thi|this|ur) ?(?:\S+ )?list\b|\badd me to (?:your|the)\b",
                r"\b(?:hoffwn|hoffwn i|dw i eisiau|dwi eisiau|dwi isio|rwyf am) (?:i )?(?:gael|derbyn|dderbyn|cael)\b.*\b(?:eto|nol|yn ol)\b",
                r"\b(?:resubscribe|re-subscribe|re subscribe|unstop|opt back in|add me back|sign me (?:back )?up|put me back on|start (?:them|these|it|the texts|the alerts|sending|texting)(?: \w+){0,2} again|turn (?:them|these|it) back on|sign up (?:for|to) (?:the|these|your|this|text|police)(?: \w+)? ?(?:alerts|texts|messages|service)?)\b",
                r"\b(?:hoffwn|dw i eisiau|dwi eisiau|dwi isio|rwyf am) (?:ymuno|ailymuno|ail-ymuno|danysgrifio|ddechrau)\b",
            ])?,
            wrong_number: RegexSet::new([
                r"\bwrong (?:number|num|no|person|phone|guy|lady|fella|jane|john|mobile)\b",
                r"\b(?:somebody|someone|some one|another person|other person)(?: else|else's|elses)?'?s? (?:else's |elses )?(?:number|phone|sim|mobile)\b|\b(?:his|her|their) old (?:one|number|phone)\b|\bgot (?:somebody|someone) else'?s\b|\bnever heard of (?:her|him|them|that|this)\b",
                r"^(?:sorry |hi |hello )?i(?:'m| am|m) not [a-z]+$",
                r"\b(?:you(?:'ve| have|ve)? )?(?:got|have|texted|reached|messaging|texting) the wrong\b",
                r"\b(?:isn't|isnt|is not|not|no longer|ain't|aint|this isnt) (?:\S+ )?(?:\S+'s|\S+s|his|her|their|my mums?|my (?:mum|dad|son|daughter|husband|wife|ex)'?s) (?:number|phone|mobile)(?: any ?more| now)?\b",
                r"\b(?:number|phone|mobile) (?:has |was )?(?:changed hands|belong\w* to (?:someone|somebody|me|a)|used to be|is now (?:mine|someone|somebody)|is not|isn't|isnt|now belongs|no longer belongs|doesn't belong|does not belong)\b",
                r"\b(?:had|got|have|been given|only got|inherited|bought|new owner of|just got|only had) (?:this|a new|the) (?:number|phone|sim|sim card|mobile)\b",
                r"\b(?:don't|do not|dont|never) know (?:any|a|an|anyone|who|anybody) (?:\S+ )?(?:called|named|of that name|is|by that name)\b",
                r"\b(?:no one|nobody|no-one|no) (?:\S+ )?(?:here )?(?:called|named|of that name|by that name)\b",
                r"\b(?:no|isn't a|isnt a|not a) [a-z]+ (?:on|at|with|here on|who has|has) (?:this|that) (?:number|phone|mobile|line)\b",
                r"\b(?:rong|worng|wrng|wong) (?:number|num|no|person)\b",
                r"\b(?:i'm|i am|im|am) not (?:mr |mrs |ms |miss |dr )?(?:the person|who you|him|her|them|\S+)(?: (?:you|who)\b.*|$)",
                r"\b(?:rhif|ffon) (?:anghywir|anghwir)\b|\bnid (?:fi|fy rhif|hwn yw)\b|\bperson anghywir\b|\bdim fi (?:yw|ydy)\b",
                r"\b(?:no longer|doesn't|does not|doesnt|dont) (?:has|have|uses?|got|on) this (?:number|phone|mobile)\b",
                r"\bnot (?:the )?(?:right )?(?:person|number) (?:you|ur|for)\b",
                r"\bmeant for (?:someone|somebody|another|a different)\b|\bintended for (?:someone|somebody|another)\b",
            ])?,
            not_wrong_number: RegexSet::new([
                r"\bwrong (?:number plates?|no plates?|person (?:was|is|arrested|charged|nicked|in|got)|man was|number on (?:the|his|her|its)|side|way)\b",
                r"\b(?:arrested|nicked|chasing|looking for|after|got|have) the wrong (?:man|person|bloke|guy|one|lad|woman|van|car|house|side|end|place|street|road|date|day|time)\b.*\b(?:he|she|van|car|it was|the)\b",
                r"\b(?:false|cloned|fake) (?:plates?|reg)\b",
                r"\b(?:gave|given|dialled|dialed|rang|called|phoned)\b.{0,30}\bwrong number\b",
                r"\bwrong one\b.*\b(?:van|car|man|lad)\b",
            ])?,
            question: RegexSet::new([
                r"^(?:how|hows) (?:do|does|can|to|would|is|should) (?:this|it|i|these|the|you|we)(?: \S+){0,4}? (?:work|works|reply|respond|use|answer|report|use this|sign up|join|contact)(?: (?:to )?(?:this|it|service|these|the service|texts|alerts|system|thing|alert|you|here|please|on this number|something))*$",
                r"^(?:please |can i have |can i get )?(?:some |more )*(?:info|information|details|help) (?:on|about|with|for) (?:how )?(?:this|these|your) (?:text |alert |police )*(?:service|system|thing|number|alerts|texts|scheme|works?|it)(?: \S+){0,3}$",
                r"^(?:what|whats|what's|wot) (?:is |are |r )?(?:this|these|you|it)(?: (?:service|number|text|texts|for|about|alert|alerts|please|messages|from|thing|all|system|scheme|and|how|does|it|work|who|is|derbyshire))*$",
                r"^(?:what|wot) (?:can|do|should|words|commands|else|options|are)(?: (?:can|do|should|i|you|the|my))* (?:text|send|reply|commands|options|do|type|say|keywords)(?: (?:here|to this number|back|with|please|to|this|number|are there|do i have|have))*$",
                r"^(?:need|want|like|get|send me|give me) (?:some |more |any )?(?:help|info|information|instructions|details) (?:with|on|about|how|using) (?:this|these|the|your|it|how|derbyshire|to use)(?: \S+){0,5}$",
                r"^(?:sut|beth|pwy) (?:mae|mae'r|yw|yw'r|ydy|ydy'r|dw i|ydi) (?:hyn|hwn|y gwasanaeth|gwasanaeth|hwnna|yn)(?: .*)?$",
                r"^(?:tell me )?(?:more )?(?:about|explain) (?:this|the) (?:service|scheme|system|number)$",
            ])?,
            perhaps: RegexSet::new([
                r"^(?:scam|scammers?)$",
                r"^(?:fuck|f\*+k|f off|piss|bugger|sod|naff|jog|eff|bog) ?off\b|^(?:get lost|go away|do one|get stuffed|go to hell|sling your hook|fuck you|up yours)\b",
                r"^(?:not|no longer|really not|am not|i'm not|im not|not really) (?:interested|for me|wanted|bothered|needed|relevant)(?: (?:thanks|thank you|mate|sorry|ta|anymore|any more|in this|please|cheers))*$",
                r"\b(?:sick|tired|fed up|had enough|weary|bored) (?:and tired )?(?:of|with|off)\b.{0,40}\b(?:these|texts?|messages?|alerts?|this|your|getting)\b",
                r"\b(?:too many|so many|constant|endless) (?:texts|messages|alerts|of these|msgs|notifications)\b",
                r"\b(?:never|didn't|did not|didnt|don't remember|dont remember|don't recall) (?:asked?|signed?|signing|subscribed?|registered?|agreed?|joined?|requested?) (?:up )?(?:for|to)? ?(?:this|these|any|your|it|texts|alerts)?\b",
                r"\bwhy (?:am i|are you|do i|do you keep|r u|did i|u)(?: \S+){0,2} (?:getting|receiving|texting|sending|messaging|get|contacting)\b",
                r"\bstop or start\b|\bstop no wait\b|\bunsubscribing\b|\bjust get the ones\b|\bto my email instead\b|\bstop for a\b|\bwant to stop\b",
                r"\b(?:pause|suspend|coming off|come off|mute|fewer|less often|less frequently|cut down on)\b.{0,30}\b(?:these|them|texts|messages|alerts|this)\b",
                r"\b(?:only send|only text|just send|dont bother (?:texting|sending)|don't bother (?:texting|sending|me)|not text|not send|don't text|dont text|stop texting|stop sending|no more \w+ ones|keep getting these|have to (?:get|keep getting|have) these|want out|get out of these|do i need (?:these|this)|rather not)\b",
                r"\b(?:take|remove|delete)\b.{0,40}\b(?:off|from) (?:the|your|this|ur) (?:list|system|texts|alerts|service)\b",
                r"\btake off 0\d+",
                r"^(?:give over|stop it all|stop start|start stop|shut up|belt up|how do i stop)$",
                r"\b(?:these|this|they) (?:aren't|arent|are not|isn't|isnt|is not|ain't|aint|are no longer) (?:for me|relevant|needed|any use|of use|meant for me)\b",
                r"\b(?:i'll|i will|ill|might|may|thinking of|thinking about|going to|gonna) (?:stop|stopping|cancel|cancelling|unsubscrib\w*|opt\w* out|leave|leaving|block) (?:them|these|this|it|the texts|if)\b",
                r"^(?:enough|thats enough|that's enough|enough is enough|give it a rest|knock it off|stop that)$",
            ])?,
            reason: RegexSet::new([
                r"\b(?:moved|moving|move|relocated|emigrat\w*)\b.{0,30}\b(?:away|house|home|out|area|abroad|to|from|now|county|back)\b|\b(?:have|'ve|i|we|since) moved$",
                r"\b(?:no longer|don't|dont|do not|not|never) (?:live|living|lived|reside|in derby\w*|in the area|work|local|here|have (?:a|the|any) (?:dog|dogs|shop|car)|got a dog|attend|go to|own|a member|part of)\b",
                r"\b(?:changed|new|different|old|change|changing|swapped) (?:my |his |her |our )?(?:number|phone|mobile|sim|area|address|provider|my mind)\b",
                r"\b(?:already|before|last week|yesterday|times) (?:texted|sent|asked|told|said)\b|\b(?:texted|sent|said|asked|told) (?:you )?(?:stop|before|already)\b|\bblocked you\b|\b(?:still|keep) (?:coming|sending|getting|texting)\b|\byou(?:'re| are| lot)? (?:still |keep |lot )?(?:text|texting|send|sending)\b|\bphone (?:going|goes|never|keeps|pinging|buzzing|won't)\b|\b(?:your|the|re your) (?:alert|text|message)\b|\bi've work\b",
                r"\b(?:thank you|thanks) (?:very much |so much |ever so |a lot )?for (?:all )?(?:the|your|these)\b|\b(?:informative|wishes to everyone|at the station)\b",
                r"\breport you\b|\b(?:re|about) your (?:alert|text|message)\b|^who ?ever you are",
                r"\b(?:care home|nothing to do wi|nowt to do|no point|nothing to do with)\b|\b(?:can't|cant|cannot) (?:read|reed|get about|see)\b|\b(?:husband|husbands|wife|wifes|mums|dads|mum|dad|nans)\b.*\b(?:phone|died|number)\b",
                r"\b(?:signed up|joined|registered|subscribed)\b",
                r"\b(?:rehomed|re-homed|re homed|no dog|put to sleep|put down)\b",
                r"\b(?:sold|lost|got rid of|died|passed away|deceased|passed|dead|retired|left)\b.{0,30}\b(?:dog|house|car|shop|business|mum|mother|dad|father|husband|wife|years?|now|away|the area|force|job|school|club|church|month|scheme)\b",
                r"\b(?:not|isn't|isnt|aren't|no) (?:relevant|useful|interested|interesting|needed|helpful|for me|use|necessary|bothered|apply|appropriate)\b|\birrelevant\b|\bnothing to do with me\b|\bdoesn't apply\b|\bnone of my business\b",
                r"\b(?:too many|so many|too much|far too|constantly|every day|all day|every five minutes|all the time|bombard\w*|overwhelm\w*|distract\w*|annoying|driving me|doing my head|winding me|stress\w*|anxious|anxiety|upset\w*|waking|wakes|scar(?:es|ing|ed) me|worr(?:y|ies|ying)|nights|busy|cost\w*|data|battery|storage|phone is|hospital|ill|elderly|old age|depress\w*|mental health)\b",
                r"\b(?:already|before|twice|three times|second time|third time|told you|asked you|asked before|how many times|last time|final|keep asking|requested this|several times|many times|loads of times)\b",
                r"\b(?:sick|tired|fed up|had enough|hate|enough)\b",
                r"\b(?:gdpr|ico|data protection|consent|illegal|report you|complain\w*|solicitor|harassment|legal|permission|privacy|rights?)\b",
                r"\b(?:never|didn't|did not|didnt) (?:ask|asked|sign|signed|subscribe|subscribed|agree|agreed|want|wanted|join|joined|register|registered|give|gave|request|requested)\b",
                r"\b(?:get|got|getting|see|read|follow)\b.{0,25}\b(?:facebook|email|emails|e-mail|app|twitter|online|website|whatsapp|nextdoor|social media|another|elsewhere)\b",
                r"\b(?:work|works|working|live|lives|living|based|am|i'm|am now|now) in \w+\b|\bmoved\b|\babroad\b|\bnot local\b",
                r"\b(?:don't|dont|do not|no longer|can't|cant|cannot) (?:read|use|need|want|find|see|understand|like|afford|cope|look|deal|have time)\b",
                r"\b(?:this is|it's|its|thats|that's) (?:spam|harassment|ridiculous|a joke|my work|a work|a business|a landline|the|not|my|getting|a child's|driving|pointless|a waste)\b",
                r"\b(?:wedi symud|ddim yn byw|byw yn|rhy (?:aml|lawer)|gormod|rhif newydd|newid rhif)\b",
                r"\b(?:appreciate|understand|respect|know you're|nothing personal|no offence|no hard feelings|good work|great work|good job|great job|good luck|all the best|keep up|service is|been (?:very |really |so )?(?:great|good|useful|helpful)|value|sorry for|apolog\w*|hope you|wish you)\b",
                r"\b(?:mum|dad|mother|father|husband|wife|nan|gran|son|daughter)\b.{0,30}\b(?:phone|number|mobile|died|passed|care home|dementia|hospital|deceased)\b",
            ])?,
            report: RegexSet::new([
                r"\b(?:saw|seen|spotted|sighting|witness\w*|noticed|heard|watched|hiding|hid|footage|cctv|camera|dash ?cam|doorbell|video|recording|photos?|pictures?|screenshot)\b",
                r"\b(?:van|vans|car|cars|vehicle|bikes?|moped|motorbikes?|quad|truck|lorry|transit|pickup|bmw|audi|ford|corsa|golf|fiesta|astra|scooter|e-scooters?|caravan|trailer|tractor|reg|registration|plate|plates|number plate|taxi|bus|train|coach)\b",
                r"\b(?:man|men|bloke|blokes|lad|lads|woman|women|lady|girl|girls|boy|boys|kid|kids|child|children|teenager\w*|youths?|gang|someone|somebody|he|she|him|her|his|he's|she's|hes|shes|they|they're|theyre|suspect|thief|thieves|burglars?|dealer\w*|guy|fella|male|female|neighbours?|people|person)\b",
                r"\b(?:burgl\w*|stolen|stole|steal\w*|theft|nicked|robb\w*|break ?in|broke|broken|smash\w*|fire|smoke|crash\w*|accident|fight\w*|knife|knives|machete|gun|shots?|blood|attack\w*|assault\w*|scream\w*|drugs?|dealing|weed|cannabis|speeding|graffiti|vandal\w*|fly ?tipp\w*|dumped|trespass\w*|suspicious|prowl\w*|missing|found|ill|injured|unconscious|drowning|emergency|scam\w*|fraud\w*|crime ref\w*|incident|evidence|statement|information about|info about|info on|lost)\b",
                r"\b(?:lane|street|road|rd|avenue|ave|close|drive|crescent|terrace|park|church|school|shop|shops|pub|junction|sign|traffic lights|corner|field|fields|canal|river|bridge|station|roundabout|car park|garage|garages|alley|woods?|reservoir|layby|lay-by|high st|market|estate|allotments?|playground|bus stop|m1|a6|a38|a52|a61|house|garden|shed|window|door|gate|fence|roof)\b",
                r"\b(?:last night|yesterday|this morning|tonight|this afternoon|just now|right now|earlier|an hour|minutes ago|hours ago|\d+ ?(?:am|pm)|at \d|ago|around \d|about \d|heading|walking|running|ran|drove|parked|towards|outside|loitering|knocking|climb\w*|headed|going|went|came|coming)\b",
                r"\b[a-z]{2}\d{2} ?[a-z]{3}\b",
                r"\b(?:welais|gweld|gwelwyd|fan|car|dyn|menyw|ddynes|bachgen|merch|ci|ty|ffordd|heol|lon|stryd|ysgol|eglwys|neithiwr|bore|ddoe|wedi (?:stopio|gorffen|cyrraedd|gweld|torri|dwyn)|diwedd y|ger y|ar y|o flaen|tu allan)\b",
                r"\b(?:dog|dogs|cat|horse|sheep)\b",
                r"\b(?:officer|pc|sergeant|inspector|crime number|appointment|interview|court|bail|ring me|call me|phone me|contact me|visit|patrol\w*|meeting|question|update me|any news)\b",
            ])?,
            only_if: Regex::new(r"^(?:and |but |so |only |ok |oh )*(?:if|unless|in case|os mai|os|oni bai)\b")?,
            polite_if: Regex::new(r"^(?:and |but |so )*if (?:you (?:don't|do not|dont|would|could|can|wouldn't) ?(?:mind)?|u (?:dont|don't|could|can) ?(?:mind)?|possible|that's ok|thats ok|i may|at all possible|poss|it's not too much|it is not too much|it's no trouble|you please)\b")?,
            ours: Regex::new(r"\breport you\b|\b(?:re|about) your (?:alert|text|message)\b")?,
            others: Regex::new(r"\b(?:my ex|he's|she's|want to keep|mower|him|someone|somebody|he|they|people|scam\w*|whatsapp|facebook|kids|lads)\b")?,
            part: Regex::new(r"\b(?:to my wife|keep sending|start again|still want them|still want|see my phone|use my (?:other|new)|instead|still want (?:the|to)|but keep|carry on|keep the|i need those|need those|the \w+ ones|ones either)\b")?,
            polite: Regex::new(r"\b(?:os gwelwch (?:yn )?dda|os gwelwch|if (?:you|u|somebody|someone) (?:could|would|can|will|dont mind|don't mind|do not mind|wouldn't mind|please|be so kind)(?: |$)|if (?:possible|poss|that's ok|thats ok|i may|at all possible)|until further notice|every time|for (?:now )?good|in (?:the )?future)\b")?,
            strong: RegexSet::new([
                r"\b(?:saw|spotted|sighting|witness\w*|footage|cctv|dash ?cam|doorbell|van|number plates?|suspect|thief|thieves|burgl\w*|stolen|stole|nicked|knife|gun|drug\w*|crime (?:ref\w*|number|no)|statement|evidence|my case|arrested|charged|missing|parked|hiding|reported|report(?:ing)?|cannabis|speeding|fight|smash\w*|broke into|breaking into|little girl|the lad|a lad|the man|a man|that man|any news|update on|white car|red car|blue car|suspicious|transit|bloke|told your officer|gwelais|welais|y fan|fan wen|heddwas|swyddog)\b",
                r"\b(?:pc|sgt|sergeant|the officer|an officer|officer who)\b",
                r"\b[a-z]{2}\d{2} ?[a-z]{3}\b",
            ])?,
            filler: Regex::new(
                r"^(?:(?:please|pls|plz|thanks|thank|you|u|ta|very|much|many|cheers|thx|regards|kind|best|wishes|yours|sincerely|faithfully|hi|hello|hiya|hey|dear|sir|madam|sirs|bye|goodbye|sorry|mate|love|bloody|hell|fuck|fucking|fuckin|ffs|omg|wtf|jesus|christ|god|gods|sake|damn|now|immediately|asap|today|right|enough|is|the|all|no|nope|yes|ok|okay|i|mean|it|seriously|really|for|good|morning|afternoon|evening|night|day|everyone|guys|folks|team|police|derbyshire|alert|alerts|constabulary|diolch|yn|fawr|os|gwelwch|plis|hwyl|helo|shukriya|lol|x|xx|xxx|mr|mrs|miss|ms|dr|just|do|that|this|be|so|from|again|ever|oi|look|listen|piss|off|sod|bugger|idiots?|morons?|wankers?|twats?|bastards?|dickheads?|tossers?|clowns?|muppets?|lot|pillocks?|plonkers?|pricks?|arseholes?|fools|people|buggers?|sods?|in|advance|appreciated|grateful|much|lot|a|quickly|soon|as|possible|way|process|your|help|time|confirm|and|action|actioned|request|etc|leave|me|alone|go|away|get|lost|am|not|interested|never|finally|final|simple|simples|too|late|forever|cos|because|to|whom|may|concern|kindly|urgently|urgent|out|done) ?)*$",
            )?,
        })
    }
}

/// Cuts a text into clauses and says what each says.
pub(super) fn clauses(text: &str) -> Vec<Clause> {
    let Some(patterns) = PATTERNS.as_ref() else { return Vec::new() };
    let own: String = text.lines().filter(|line| !line.trim_start().starts_with('>')).collect::<Vec<_>>().join("\n");
    let text = if own.trim().is_empty() { text } else { &own };
    let unquoted = without_quotations(text).replace("stop and search", "stop-and-search").replace("stop & search", "stop-and-search");
    let mut pieces: Vec<(String, char)> = Vec::new();
    for (piece, end) in split(&unquoted) {
        let piece = normal::words(&piece);
        if !piece.is_empty() {
            pieces.push((piece, end));
        }
    }
    let if_clause = pieces.iter().any(|(piece, _)| (patterns.only_if.is_match(piece) && !patterns.polite_if.is_match(piece)) || patterns.part.is_match(piece));
    let clause = |(piece, end): &(String, char)| Clause {
        saying: patterns.say(piece, *end),
        end: *end,
        tells: patterns.strong.is_match(piece) && !patterns.ours.is_match(piece),
        words: piece.split(' ').count(),
    };
    let mut clauses: Vec<Clause> = pieces.iter().map(clause).collect();
    if if_clause {
        for clause in clauses.iter_mut().filter(|clause| clause.saying == Saying::Wish) {
            clause.saying = Saying::Conditional;
        }
    }
    clauses
}

impl Patterns {
    fn say(&self, piece: &str, end: char) -> Saying {
        let bare = self.lead.replace(&format!("{piece} "), "").trim().to_owned();
        if bare.is_empty() {
            return Saying::Filler;
        }
        let word = words::said_once(&words::without_courtesies(piece));
        if words::opt_out(&word).is_some() || words::is_near_miss(&word) {
            return Saying::Word;
        }
        if self.asked_how.is_match(piece) && !self.not_asked_how.is_match(piece) {
            return Saying::AskedHow;
        }
        if self.stay.is_match(piece) {
            return Saying::Stay;
        }
        let clean = self.oaths.replace_all(piece, "").trim().to_owned();
        let core = self.lead.replace(&format!("{clean} "), "").trim().to_owned();
        let behind_stop = core.strip_prefix("stop ").is_some_and(|rest| self.wishes(rest) || self.wishes(self.lead.replace(rest, "").trim()));
        let wish = self.wishes(&clean) || self.wishes(&core) || behind_stop || super::senses::is_wish(piece);
        if wish {
            return if self.conditional.is_match(&self.polite.replace_all(piece, " ")) { Saying::Conditional } else { Saying::Wish };
        }
        // "wrong number stop": nothing else before it.
        if let Some(rest) = piece.strip_suffix(" stop").or_else(|| piece.strip_suffix(" unsubscribe"))
            && !["bus", "tram", "train", "coach", "pit", "truck", "the", "a", "next", "last", "non", "full", "every"].iter().any(|word| rest.ends_with(word))
            && matches!(self.say(rest, end), Saying::Filler | Saying::Reason | Saying::WrongNumber | Saying::Perhaps | Saying::Word)
        {
            return Saying::Word;
        }
        if self.wrong_number.is_match(piece) && !self.not_wrong_number.is_match(piece) {
            return Saying::WrongNumber;
        }
        if self.back.is_match(piece) || self.back.is_match(&bare) {
            return Saying::Return;
        }
        if self.question.is_match(piece) || (end == '?' && self.question.is_match(&bare)) {
            return Saying::Question;
        }
        if self.filler.is_match(piece) {
            return if self.perhaps.is_match(piece) { Saying::Perhaps } else { Saying::Filler };
        }
        if self.perhaps.is_match(piece) && !self.others.is_match(piece) {
            return Saying::Perhaps;
        }
        // "stop i have moved away", without a mark between.
        if let Some(rest) = bare.strip_prefix("stop ").or_else(|| bare.strip_prefix("unsubscribe "))
            && (self.filler.is_match(rest) || (self.reason.is_match(rest) && !self.report.is_match(rest)))
        {
            return Saying::Word;
        }
        if self.reason.is_match(piece) {
            return Saying::Reason;
        }
        if self.report.is_match(piece) {
            return Saying::Report;
        }
        // A name under the text.
        if piece.split(' ').count() <= 2 && !piece.chars().any(|c| c.is_ascii_digit()) { Saying::Name } else { Saying::Other }
    }

    fn wishes(&self, clause: &str) -> bool {
        (self.wish.is_match(clause) && !self.not_wish.is_match(clause)) || self.wish_anywhere.is_match(clause)
    }
}

/// What is in quotation marks was said by somebody else, if there is anything outside of them.
fn without_quotations(text: &str) -> String {
    if text.matches('"').count() < 2 {
        return text.to_owned();
    }
    let outside: String = text.split('"').step_by(2).collect::<Vec<_>>().join(" ");
    let outside_words = normal::words(&outside);
    if outside_words.split(' ').filter(|word| !word.is_empty()).count() >= 2 || words::opt_out(&outside_words).is_some() { outside } else { text.to_owned() }
}

/// At marks and at words that begin a new thought.
fn split(text: &str) -> Vec<(String, char)> {
    static JOINTS: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(r"[.!?;\n,:()]+|\s-+\s|\s(?:but|and also|and|because|cos|coz|bcos|cause|also|however|though|although|since|as i|as we|as it|as this|so please|so pls|so can|so no more|so stop|so take|so remove|ps|p s|plus|btw)\s").ok()
    });
    let Some(joints) = JOINTS.as_ref() else { return vec![(text.to_owned(), '.')] };
    let (mut pieces, mut start) = (Vec::new(), 0);
    for found in joints.find_iter(text) {
        let end = found.as_str().trim().chars().next().unwrap_or(' ');
        pieces.push((text.get(start..found.start()).unwrap_or_default().to_owned(), end));
        start = found.end();
    }
    pieces.push((text.get(start..).unwrap_or_default().to_owned(), '.'));
    pieces
}
