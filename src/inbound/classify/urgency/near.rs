//! `[pure]` Signs of a sighting: whom an alert asks about, seen now, or just now.

/// Somebody is here, or was a moment ago.
pub(super) const SEEN_NOW: &[&str] = &[
    "(?:think|thought|believe|sure|reckon) (?:i |ive |weve |we )*(?:saw|seen|sin|found|spotted|got|just)(?: \\w+)? (?:him|her|them|your)",
    "(?:theres|weve got|ive got|got) (?:a |an )?(?:\\w+ ){0,3}(?:in|at|on) (?:the|my|our) (?:\\w+ )?(?:office|cafe|shop|garden|greenhouse|church|\
        churchyard|station|bus|train|shelter|porch|barn)",
    "(?:doesnt|dont|does not) seem to know",
    "(?:says|told|saying|asking)<C> (?:name|home|lost|mum|wife|where)",
    "by the cut",
    "just (?:now )?(?:seen|saw|spotted|passed|driven past|drove past|walked past|met|clocked|served|spoke\\w*|spoken|picked|dropped|found|got|gone|been|\
        went|walked|knocked|come|came|left|run|ran|asked|sent|bought|jumped|pulled|rung|rang|watched|given|gave|let|bumped|had|text|messaged|getting|\
        boarded|crossed|turned|noticed|driven|gone past|went past)",
    "(?:\\d+|few|five|two|three|ten|a|couple of|fifteen|twenty|half|literally \\d+|couple) (?:\\w+ )?(?:minutes|minute|mins|seconds|hour|\
        an hour) (?:ago|since|back)",
    "(?:minutes|mins|half an hour|half hour|an hour) (?:ago|since|back)",
    "(?:hes|shes|theyre|shes just is is|he|she|him|her|man|lady|gentleman|girl|lad|fella|bloke|chap|boy|woman|guy|one|kid|\
        them)(?: is| are| now| currently| still| here| just| sitting| standing| stood| out| back| over| right| only| all| sound)* (?:here|in (?:my|our|\
        the|a|spoons|wetherspoons|asda|tesco|aldi|co op|lidl|\\w+ (?:arms|park|street|road))|at (?:my|our|the|a|mine|checkout|platform|\\d+|\\w+)|\
        on (?:the|my|our|a|platform|\\w+ (?:road|street|lane|bus))|outside|inside|sitting|standing|lying|walking|wandering|asleep|sleeping|hiding|hid|\
        stuck|curled|slumped|waiting|knocking|by the|near the|behind|next to|with (?:me|us|a|some|two|him)|opposite|in front|heading|going|gone (?:into|\
        in|up|down|round|towards|toward|over|past)|getting (?:on|into|off|in)|drinking|eating|crying|shouting|talking|asking|looking|running|buying|\
        begging|trying|under|round|up|down|toward|towards|coming|staggering|limping|crossing|following|online)\\b",
    "(?:ive|weve|i have|we have|ive just|got|we got|i got|have|found|ive found|weve found|i found|just found)(?: got| found| have)* (?:him|her|them|\
        the (?:man|girl|lad|lady|gentleman|fella|old \\w+|boy)|your (?:man|girl|lad|missing \\w+)|an? (?:old|elderly|young|confused|\
        lost)(?: \\w+)?)(?: \\w+)?",
    "found (?:him|her|them)",
    "theres (?:a |an |this |some |one |somebody |someone )+(?:\\w+ ){0,3}(?:man|lady|gentleman|girl|lad|lass|fella|bloke|chap|boy|woman|person|guy|\
        teenager|pensioner|gent|figure|kid|fellow)",
    "(?:i can see|im looking at|looking right at|im watching|can see|im with|were with|im sitting|im following|following|im behind|i am with|\
        i am sitting|im parked|stood next to|im next to|im talking to|talking to|im serving|serving|sat with|standing with|sitting with|keeping|\
        im keeping) (?:him|her|them|the|a|this|your|next|right|\\w+ rows|near|opposite|an|where|across|with)\\b",
    "(?:think|thinks|sure|looks like|certain|believe|pretty sure|reckon) (?:its|thats|hes|shes|its the|this is|it is|that is|it might be|ive got|\
        ive seen|your|i can see|we have|weve got)(?: \\w+)? (?:him|her|them|your|the|man|girl|here|on|in)",
    "^(?:thats|its|that is|this is|is it) (?:him|her|the (?:man|one|lad|girl))",
    "(?:sat|sitting|asleep|lying|hiding|standing) (?:on|in|at|by|outside|under|behind) (?:my|our|the|a)",
    "(?:bus|train|taxi|car|cab|van|tram)<C> (?:now|towards|heading|got on|just|toward|rows|behind him|with her|with him)",
    "(?:in|into) (?:a |the |my |his |her )?(?:\\w+ )?(?:taxi|cab|van|car|golf|bus|audi|bmw|transit|corsa|fiesta|shed|barn|garden|shop|porch|greenhouse|\
        doorway|bus shelter|allotment)",
    "(?:doorbell|knocked|knocking)<C> (?:now|him|her|asking|just|old|girl|lad)",
    "white (?:vauxhall )?corsa",
    "(?:come|came|coming|go|went) (?:in|into|round|to) (?:the|my|our) (?:shop|house|garden|cafe|church|pub|surgery|school|garage|office|library|chemist)",
    "(?:it is|its|this is|im|i am) (?:me|the (?:man|girl|one|person) (?:you|in))",
    "(?:shes|hes|theyre|she is|he is) (?:here|outside|inside|upstairs|downstairs|online|safe enough|ok for now|asleep|with me|at mine|at ours|in (?:my|\
        our))",
    "(?:rung|rang|text|texted|messaged|snapped|snapchatted|called|phoned|sent|told|video called|facetimed|dm ?d|message|snap|texts) (?:me|us|my|her|his|\
        him|just)(?: \\w+){0,4}",
];

/// An alert that asks for somebody who is missing.
pub(super) const MISSING: &[&str] = &[
    "missing",
    "concern(?:s|ed)? for (?:the )?(?:welfare|safety|his|her)",
    "welfare",
    "have you seen \\w+ , \\d",
    "growing concerned",
    "last seen",
    "vulnerable",
    "yn eisiau",
    "ar goll",
];

/// An alert that asks for somebody who may be dangerous.
pub(super) const WANTED: &[&str] = &[
    "wanted",
    "do not approach",
    "dont approach",
    "robbed",
    "robbery",
    "recognise (?:the|this) m[ae]n",
    "dangerous",
    "offender",
    "suspects?",
    "stabb\\w+",
    "murder",
    "escaped",
    "absconded",
    "armed",
    "assault\\w*",
];

/// Not them, or not now.
pub(super) const UNSEEN: &[&str] = &[
    "not (?:him|her|them)",
    "(?:isnt|wasnt) (?:him|her|them)",
    "(?:havent|hasnt|didnt|never|not|nobody|noone|no ?one|couldnt|dont|doesnt) (?:\\w+ )?(?:seen|saw|see|spotted|find|found|recognise|appear|know|noticed)",
    "no sign",
    "no luck",
    "nothing",
    "(?:still|yet) missing",
    "is it true",
    "is it right",
    "have you found",
    "did you find",
    "has (?:he|she) been",
    "posters?",
    "share[d]?",
    "last (?:week|month|year|summer|monday|tuesday|wednesday|thursday|friday|saturday|sunday)",
    "(?:weeks?|months?|years?|days?) (?:ago|back|since)",
    "(?:monday|tuesday|wednesday|thursday|friday|saturday|sunday)s?",
    "yesterday",
    "used to",
    "(?:summer|spring|winter|autumn|september|june|march|christmas|easter)",
    "(?:was|were) (?:in|at) (?:my|the) (?:class|school|pit|year)",
    "mix(?:ed)? up",
    "im fine",
    "lost property",
    "dashcam",
    "in the seventies|70s|80s",
    "club",
    "hearsay",
    "cousin said",
    "mountain rescue",
    "with (?:his|her) (?:family|mum|dad|daughter|son)",
    "his sister",
    "works? (?:at|in|with|there)",
    "lives? (?:in|at|near)",
    "cable car staff",
];
