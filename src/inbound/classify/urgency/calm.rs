//! `[pure]` What speaks against: what is long past, what ended well, and what is only asked, offered or told.

/// It is over and was told in peace: holds for the sentence it stands in.
pub(super) const PAST: &[&str] = &[
    "yesterday",
    "last (?:week|month|year|night|friday|saturday|sunday|monday|tuesday|wednesday|thursday|weekend|summer|winter|spring|autumn|christmas|easter|xmas|\
        thurs|tues|fri|sat|sun|mon|wed|time|term|season|sat night|march|april|may|june|july|august|october|november)",
    "(?:days?|weeks?|months?|years?|yrs|decades?|fortnight|a while|ages|nights?) (?:ago|back|since|earlier|before|on now)",
    "(?:19|20)\\d\\d",
    "(?:the |in the |19)(?:[3-9]0s|sixties|seventies|eighties|nineties|war)",
    "(?:on|since|this|from|was|were|that|every|it was|until|by) (?:monday|tuesday|wednesday|thursday|friday|saturday|sunday|mon|tues|tue|weds|wed|thurs|\
        fri|sat|sun)s?\\b(?: night| morning| afternoon| evening| teatime)?",
    "^(?:monday|tuesday|wednesday|thursday|friday|saturday|sunday)\\b",
    "(?:monday|tuesday|wednesday|thursday|friday|saturday|sunday) (?:night|morning|afternoon|evening|teatime|about|at|before last|week|\\d)",
    "(?:in|last|since|early|late|mid|back in|until|till) (?:january|february|march|april|may|june|july|august|september|october|november|december|\
        spring|summer|autumn|winter|easter|christmas|lockdown|covid|half term|jan|feb|sept|oct|nov|dec)",
    "back in (?:the|my)?",
    "before (?:christmas|easter|half term|lockdown|covid|the summer|xmas)",
    "used to",
    "when i was (?:a|young|little|nine|ten|eight|seven|six|\\d+|at school|in the)",
    "as (?:a|kids|a lad|a kid|a child|a girl|children|teenagers|boys|lads)\\b",
    "at the time",
    "(?:two|three|four|five|six|ten|few|couple of|several|\\d+|many|twenty|thirty|forty|some) (?:or \\w+ )?(?:days|weeks|months|years|yrs|summers|\
        nights)(?: ago| back| before| since| now| later)?",
    "years (?:old photo|ago|since|back)",
    "years ago",
    "ages ago",
    "(?:the )?other (?:day|week|night|month|evening)",
    "(?:earlier|later) (?:this|that|in the) (?:week|month|year|day)",
    "this (?:time last|summer|spring|winter|autumn)",
    "in the (?:summer|spring|winter|autumn|past|old days|papers?|news|70s|80s|90s|60s)",
    "(?:once|twice) (?:before|already|last|got|had|when)",
    "my late",
    "history of",
    "(?:remember|remembered|remembering|reminds?)",
    "in the old days",
    "by the time (?:i|we|they)",
    "(?:had|have|been|was|were) (?:since )?(?:sorted|resolved|dealt with by|fixed|arrested|jailed|sentenced|locked up|moved away|sent down)",
    "got (?:\\w+ )?(?:months|years)(?: for it| inside)?",
    "an hour after",
    "after (?:it|that|the event|she died|he died|we lost|losing)",
    "(?:we|i) (?:lost|buried)",
    "(?:took|taken) (?:his|her|their) own life",
    "anniversary",
];

/// It still goes on, whatever day is named.
pub(super) const ONGOING: &[&str] = &[
    "since (?:yesterday|last night|this morning|monday|tuesday|wednesday|thursday|friday|saturday|sunday|the weekend|dinner|breakfast|four|4|about|\
        around)(?: \\w+){0,2}",
    "from last night",
    "(?:hasnt|havent|not|isnt|cant|wont|still|no|nobody) (?:\\w+ ){0,8}(?:since|for) (?:yesterday|last night|three days|two days|four days|\\d days|\
        days|this morning|monday|tuesday|wednesday|thursday|friday|saturday|sunday)",
    "had last on",
];

/// It happens now, or just did.
pub(super) const NOW: &[&str] = &[
    "\\bnow\\b",
    "right now",
    "just (?:now|seen|saw|heard|been|gone|had|got|come|came|happened|left|walked|found|passed|spotted|driven|pulled|this (?:second|minute)|started|fell|\
        fallen|taken|took|rung|rang|messaged|text|texted|sent|told|knocked|put|looked|tried|shot|stabbed|hit|attacked|run|ran|collapsed|jumped|went|\
        turned|arrived|back|drove|missed|smashed|kicked|broke|broken|let|locked|set|woke|watched|grabbed|thrown|threw|said|realised)",
    "(?:\\d+|a few|few|couple of|five|two|three|ten|one|couple|literally|half|twenty|fifteen|a|30|an) (?:\\w+ )?(?:minutes?|mins?|seconds?|secs?|min|\
        an? hour|half an hour|moments?) (?:ago|since|back|or so)",
    "(?:minutes?|seconds?|moments?|half (?:an|a) hour) (?:ago|since|back)",
    "half an hour since",
    "been gone (?:\\d+|an|half|ten|twenty|about)(?: \\w+){0,2}",
    "currently",
    "at the moment",
    "at this moment",
    "as (?:i|we) (?:type|speak|text|write|watch|stand|am)",
    "as we speak",
    "still (?:here|there|at it|going|in|on|shouting|outside|screaming|at|inside|happening|going on|up|running|trying|shaking|bleeding|alive|breathing|\
        trapped|standing|sitting|lying|on)",
    "tonight",
    "any (?:minute|second|moment)",
    "this (?:second|minute|moment|instant|very)",
    "going on",
    "happening",
    "tonite",
    "in (?:ten|five|two|a few|\\d+|about) (?:\\w+ )?(?:minutes|mins|hour|hours)",
    "(?:by|at|before|till|until) (?:\\d+(?:\\.\\d+)?(?:pm|am)?|midnight|five|six|seven|eight|nine|ten|three|dinner|tea ?time|school|he|she|they)",
    "(?:im|were|hes|shes|theyre|its|theres|whos|is|are|keeps) (?:\\w+ ){0,3}\\w{2,}ing\\b",
    "i can (?:see|hear|smell|feel)",
    "im (?:with|watching|looking|stuck|following|in|on|at|behind|inside|upstairs|sitting|parked|next|here|hiding)",
    "(?:hes|shes|theyre|its|theres) (?:in|on|at|here|outside|got|by|a|someone|two|three|four|back|coming|there|still|up|down|gone|not|no)",
];

/// It ended well, or others see to it: holds for the whole text.
pub(super) const SAFE: &[&str] = &[
    "(?:home|found|back|is|hes|shes|all|now|are|both|turned up|got home|arrived|her|him) (?:\\w+ )?safe(?: and (?:well|sound|warm))?",
    "safe and (?:well|sound|warm)",
    "(?:been|hes|shes|is|got|came|come|theyre|now|back|read|arrived|gone|at|had) (?:\\w+ )?(?:found|home)(?: \\w+){0,2} (?:now|safe|safely|since|\
        with (?:his|her)|well|already|in the end|today|ok|okay|fine|asleep on|behind the)",
    "home (?:since|now|and dry|safely|with his|with her|at dinner|with us)",
    "been home",
    "hes home|shes home|theyre home|got home|came home",
    "turned up (?:at|safe|fine|ok|this|an|last|on)",
    "(?:you can )?cancel the (?:alert|search|appeal)",
    "stand down|call off",
    "(?:officers?|police|ambulance|paramedics?|mountain rescue|fire brigade|fire service|crews?|your lot|pcsos?|999|coastguard|engineers?|firemen|\
        the gas (?:men|man|board)) (?:are |is |have |has |were |was |already |been |all |came |now |just |got |had |there |arrived |round |here |took |\
        already there|already here|with)*(?:already |here|there|with (?:him|her|them)|got|been|came|come|round|arrived|attended|on (?:scene|site|\
        the way|their way)|have him|have her|sorted|took|left|dealt|dealing|put it out|out)\\b(?: \\w+)?",
    "(?:mountain rescue|police|ambulance|they|paramedics) have (?:him|her|them|it|got)",
    "already (?:rung|rang|called|phoned|spoken to|reported|told|dealt|here|there|been|sorted|on (?:it|scene|their way))",
    "dealt with(?: now| it| by| already| thanks)?$",
    "all (?:sorted|fine|ok|good|quiet|clear|okay|well|safe|in hand|calm|done|happy|friends)(?: \\w+)?",
    "(?:im|hes|shes|theyre|were|is|was|everyones?|its|everything is|baby is|foot is|doing|out of hospital and) (?:\\w+ )?(?:fine|ok|okay|alright|\
        all right|well|doing well|recovering|on the mend|much better|right as rain)(?: now| thanks| again| \\.|$| ,| and| by| bless)",
    "(?:false alarm|turned out|turns out|it was only|it was just|its only|its just|was only|its me|was me|thats us|thats me|it was me|only me|only the|\
        only a|just a|just the|just my|was just|was the|it was a|it was my|it was the) (?:\\w+)",
    "false alarm",
    "sorry (?:wrong|that was for|about that|to mess|for the (?:mix|false)|meant for)",
    "(?:wrong|for the|group) (?:chat|group|number|person|thread)(?: \\.|$|sorry)?",
    "meant for",
    "ignore (?:that|my last|any|the|this|me)",
    "pocket dial\\w*",
    "typo",
    "joke|joking|kidding|haha\\w*|lol|lmao|banter|messing about|taking the mick|tongue in cheek|\\bha\\b",
    "no harm done|no lasting harm|none the worse",
    "(?:not|isnt|wasnt|its not|definitely not|it isnt|it wasnt) (?:him|her|them|the (?:man|lady|girl|lad|one))\\b(?: \\w+)?",
    "not urgent|no rush|no hurry|nothing urgent|isnt urgent|not an emergency|no emergency",
    "no need to (?:come|send|reply|worry|ring|attend|do|call)",
    "no reply needed",
    "(?:has been|been|hes been|they have|you have|got him|have him|is now) (?:arrested|locked up|caught|charged|jailed|sentenced|in custody|remanded|\
        sent down|put away|behind bars)",
    "locked (?:him )?up",
    "in custody",
    "behind bars",
    "good riddance",
    "(?:glad|good|pleased|relieved|happy) (?:hes|shes|theyre|to hear|to see|you|that|its)(?: \\w+)?",
    "at (?:his|her) (?:sisters|brothers|mates|friends|daughters|sons|mums|nans)(?: all along)?",
    "all along",
    "came and took",
    "eating toast",
    "over now|thats over|its over now|all over now",
    "has my own|have my own place",
    "got (?:his|their|her) permission|permission",
    "before anyone (?:rings|calls)",
    "so dont (?:panic|worry)",
    "out by nine",
    "two years on|years on",
    "(?:happy|settled|better|recovered|well) now",
    "recovered",
    "(?:is|was|its|were|was just) (?:a |an |the |only |just |for )*(?:drill|exercise|training|practice|film|filming|play|rehearsal|prop|props|toy|\
        costume|fancy dress|halloween|re ?enactment|panto|pantomime|drama|stag do|hen do|karaoke|firework|fireworks|prank|game|film crew|display|\
        demonstration|barbecue|bbq|bonfire|statue|scarecrow|mannequin|dummy|balloon|wheelie bin|bin bag|coat on|shop dummy)",
    "film(?:ing|ed)? (?:crew|that|a|the|in|here|up|this|murder)",
    "scarecrow|mannequin|shop dummy|toy gun|water pistol|nerf|cosplay|re ?enact\\w*|panto\\b|amateur dramatics|karaoke|clay (?:shoot|pigeon)|\
        bird ?scarer|car backfir\\w+|fire ?works?|firework display|hen do|stag do|hallowe?en|rehears\\w+|murder mystery|film set|drill\\b|\
        training exercise|fete|raffle|tombola",
    "planned (?:main|works|maintenance|exercise|burn|replacement)",
    "handed (?:it )?in",
    "where do i hand",
    "(?:in|into) (?:a|the|your) (?:tin|amnesty|evidence bag)",
    "i have ?nt been affected",
];

/// Marks of what is merely asked, offered, thanked for or complained of: each a little.
pub(super) const MILD: &[&str] = &[
    "^(?:thanks|thank you|cheers|diolch|many thanks|much appreciated|so glad|glad|well done|brilliant|great|good|fair play|happy to|prayers|rip|no|\
        not him|not her|stop|unsubscribe|ok|okay|will do|can you|could you|do you|is it|are you|what|where do|how do|when|which|why|is this|is the|\
        is that|would you|do i|does|who do i|any update|any news)\\b",
    "thank(?:s| you) (?:for|so much|to|very|all)",
    "(?:sorry|afraid) (?:i|we) (?:cant|couldnt|havent|didnt|am unable|saw|dont|only|missed)",
    "(?:saw|seen|heard|noticed|know|got|have|found|knew|is) (?:absolutely )?(?:nothing|noone|nobody|no ?one)",
    "nothing (?:on|to report|suspicious|seen|here|out|unusual|from|at (?:our|my|this))",
    "no sign(?: of)?",
    "(?:havent|hasnt|didnt|have never|dont|not|never|couldnt|nobody) (?:\\w+ )?(?:seen|see|notice|noticed|recognise|know|hear|heard|spotted|remember|\
        saw) (?:him|her|them|anything|anyone|anybody|it|nothing|of|the|this|either|owt|that)",
    "(?:doesnt|does not|didnt) appear",
    "(?:checked|looked|searched|walked|drove|asked|been through)(?: \\w+){0,6} (?:nothing|no sign|not there|nobody|no ?one|clear|empty|all|no luck)",
    "(?:will|ill|well|we will) (?:keep|keep an|have a look|look out|share|check|ask|pass|put|send|have)(?: \\w+){0,3}",
    "keep(?:ing)? (?:an eye|eyes|a look|my eyes|em peeled)",
    "(?:i )?thought (?:id|you|i would|you should|id just) (?:\\w+ )?(?:say|know|like|mention|want|let|tell)",
    "just (?:to say|thought|wondering|wanted to|a thought|to let|asking|so you know|checking if|to check|saying)",
    "if (?:its|it is|thats|that is|it|that) (?:any |of any |of |helps|use|some )+(?:use|help|interest|helps)?",
    "(?:my|the|our) (?:dashcam|dash ?cam|doorbell|cctv|ring|camera|footage|clip|recording)(?: \\w+){0,3} (?:covers|shows|footage|from|keeps|loops|\
        overwrites|was|isnt|doesnt|only|wasnt|has)",
    "(?:you can|can|want|like|send|how do i|where do i|have|got|upload|share|e ?mail|would you like) (?:\\w+ ){0,4}(?:clip|footage|video|dashcam|\
        pictures?|photos?|copy|recording|usb|statement|screenshot)",
    "(?:ill|can|happy to|will|could|i can|willing to|would) (?:\\w+ )?(?:give|make|write|do|provide|draw|send)(?: \\w+)? (?:a |you |my |\
        you a )*(?:statement|copy|clip|footage|map|details)",
    "(?:crime|incident|reference|ref) (?:number|no|pending)",
    "insurance|receipt|compensation|refund",
    "(?:how|when|what|where|why|which|who|is it|are there|are you|will you|can i|do we|should i|can we|did you|has anyone|have you)<C> \\?",
    "\\? ?$",
    "(?:council|pot ?holes?|parking|parked|litter\\w*|graffiti|dog (?:mess|poo|fouling)|bins?|fly ?tip\\w*|speed (?:bumps|camera)|street ?lights?|\
        potholes?|hedge|weed|noise|noisy|off road bikes|quad bikes?|skateboard\\w*|e ?scooters?|planning|petition|licence)",
    "(?:meeting|coffee morning|surgery|newsletter|poster|posters|leaflets?|assembly|talk|fundrais\\w*|committee|wi\\b|scouts|brownies|guides|choir|\
        bell ringing|church hall|village hall|parish|year \\d|school visit|school play)",
    "(?:opinion|imo|in my opinion|youd think|disgrace\\w*|shocking|its a joke|typical|if you ask me|mark my words|something wants doing|about time)",
    "(?:sad|sorry|awful|tragic|terrible|shock\\w*) (?:news|to (?:hear|read)|for (?:the|your|their) (?:family|loss))",
    "(?:poor|hope)<g> (?:family|soul|found|recovers?|ok|okay|better)",
    "(?:hope|hoping|praying|prayers|thoughts)",
    "in the (?:paper|papers|news|advertiser|local|mercury)|on (?:facebook|fb|the news|radio|peak fm|telly|tv|nextdoor)",
    "(?:saw|seen|read|heard)(?: \\w+){0,2} (?:on|in|about) (?:facebook|the (?:paper|news|stabbing|attack|murder|robbery|fire|crash|accident)|your)",
    "(?:stolen|nicked|pinched|taken|missing|broke into|broken into|burgled)<C> (?:bike|shed|tools?|strimmer|mower|drill|ladder|van|car|plant|pots?|lead|\
        chisels?|phone|handbag|catalytic|parcel|moped|number plates?|wheels?)",
    "(?:moved|live|lives|living) (?:to|in|away|near) (?:cornwall|spain|leeds|london|scotland|\\w+ now)",
    "(?:wrong|this|right) (?:number|address)",
    "take (?:me|us) off|unsubscribe|remove (?:me|us)|no longer live",
    "out of (?:the )?office|annual leave|automatic reply|auto ?reply",
    "(?:scam|fraud|phishing|hmrc|amazon|bitcoin|hi mum|action fraud|spam)",
    "(?:put|hung|slammed) (?:the )?(?:phone|it) down|hung up|blocked (?:it|them|him|the number)|deleted it|didnt (?:give|click|pay|fall|reply|give it)|\
        ignored it|reported it|told (?:him|them|her) where to go",
    "(?:always|usually|most (?:days|nights|evenings|weekends)|every (?:day|night|weekend|morning|friday|saturday|sunday|single|summer|year)|regularly|\
        often|sundays|saturdays|fridays|tuesdays)",
    "(?:i think|might be|may be|could be|not sure|possibly|reckon)(?: \\w+){0,3} (?:him|her|lads?|same|car|van|from)",
    "(?:looks?|looked) (?:like|a bit like|familiar|similar)",
    "(?:his|her|their) (?:mum|dad|mother|cousin|brother|sister|uncle|aunt|ex|dealer|mate|nan) (?:lives?|works?|drinks?|used|is|has)",
    "(?:works?|worked|went to school|was at school|in my class|played|drank) (?:at|with|in|there|for)",
    "offered|volunteer\\w*|offer",
    "(?:shop|pub|stall|market|business|trade|customers?) (?:is|are|was|we)",
    "good (?:morning|idea|job|work|luck|evening|point)",
    "(?:great|brilliant|lovely|excellent|fantastic|good) (?:job|work|news|shot|talk|service|idea|response|bobby|officer|assembly)",
];

/// Plainly now, whatever else the sentence tells.
pub(super) const AT_ONCE: &[&str] = &[
    "\\b(?:right now|now|tonight|at the moment|as i (?:write|type|speak|text))\\b",
    "just (?:now|seen|left|gone|messaged|texted|took|taken|rung|rang|been|come|put|walked|driven|drove|text|found|told|heard|this)",
    "(?:minutes?|mins|seconds) (?:ago|since|back)",
    "(?:hes|shes|theyre|im|were) (?:going|coming|heading|on the way|on our way|outside|here|back|in|at|on)",
    "(?:cant|wont) (?:stop|let|answer|wake|get|find|leave)",
    "still (?:here|there|in|on|bleeding|outside|breathing|not)",
];
