//! `[pure]` The words that `spelling` goes by: short cuts, what is written in two words, what matters, what only looks like it.

/// As it is typed, and as it is meant.
pub(super) const SHORT: &str = "\
    2day=today 2moro=tomorrow 2nite=tonight ad=had aint=isnt amblance=ambulance ambo=ambulance arnt=arent atm=now aud=old av=have ave=have avin=having \
    avnt=havent b4=before babbie=baby babby=baby bairn=child bangin=banging bcos=because bf=boyfriend bizzies=police bleedin=bleeding blud=blood \
    bludd=blood breathin=breathing breating=breathing breav=breathe breef=breathe breeve=breathe breth=breathe brething=breathing canna=cant \
    cannot=cant choppa=chopper cnt=cant coppers=police cos=because coz=because cryin=crying cudna=couldnt cuz=because da=the daddy=dad dat=that de=the \
    dem=them didna=didnt dinna=dont dint=didnt dis=this dnt=dont dunna=dont ent=isnt es=hes father=dad feds=police frit=frightened gannin=going \
    gerroff=get gf=girlfriend gna=gonna goin=going gona=gonna gran=nan granddad=grandad grandma=nan grandmother=nan granny=nan gunna=gonna halp=help \
    hasna=hasnt hav=have hel=help helpp=help hersen=herself hez=hes hisen=himself hissen=himself hittin=hitting hlp=help holdin=holding hows=house \
    hs=hes hse=house hubbie=husband hubby=husband iam=im imself=himself innit=isnt int=in isna=isnt kickin=kicking kiddie=child kiddy=child kife=knife \
    kil=kill killin=killing knifes=knives kniv=knife knive=knife laid=lying layed=lying layin=lying laying=lying led=lying lied=lying likkle=little \
    lil=little lyin=lying ma=mum machette=machete machetti=machete mam=mum mama=mum mashete=machete meself=myself mesen=myself min=minutes \
    minits=minutes mins=minutes minute=minutes missen=myself missus=wife mom=mum mother=mum mrs=wife mummy=mum n=and nana=nan nanna=nan nd=and \
    nife=knife nive=knife nowt=nothing nuffin=nothing nufin=nothing nw=now o=of od=overdose odin=overdosing ods=overdose ole=old ont=on outta=out \
    owd=old owt=anything peeps=people plez=please plis=please pliz=please pls=please plse=please plz=please polis=police poliss=police ppl=people \
    r=are rn=now sat=sitting scaird=scared scard=scared screamin=screaming shez=shes shunna=shouldnt sittin=sitting skared=scared smashin=smashing \
    some1=someone stabd=stabbed stabed=stabbed standin=standing stood=standing strangeling=strangling sucide=suicide suiside=suicide sum=some \
    sum1=someone summat=something summit=something t=the ta=thanks th=the tha=you thay=they ther=there theyr=theyre thier=their tho=though \
    thru=through thx=thanks tmrw=tomorrow tonite=tonight tryin=trying tryna=trying ty=thanks u=you uncon=unconscious unconcious=unconscious \
    unconshus=unconscious ur=your waken=wake walkin=walking wat=what wean=child wen=when wi=with wid=with wiv=with wnt=wont wonna=wont wos=was woz=was \
    wunna=wont ya=you yer=your youngster=child yous=you yr=year yrs=years";

/// Two words, and the one they are read as.
pub(super) const TOGETHER: &str = "\
    he+is=hes she+is=shes they+are=theyre i+am=im you+are=youre we+are=were it+is=its there+is=theres there+are=theres there+s=theres their+is=theres \
    who+is=whos that+is=thats i+have=ive we+have=weve they+have=theyve is+not=isnt are+not=arent do+not=dont does+not=doesnt did+not=didnt \
    can+not=cant will+not=wont has+not=hasnt have+not=havent could+not=couldnt would+not=wouldnt was+not=wasnt i+will=ill going+to=gonna off+of=off \
    some+one=someone any+one=anyone no+one=noone no+body=nobody some+body=somebody my+self=myself him+self=himself her+self=herself \
    our+selves=ourselves over+dose=overdose over+dosed=overdosed hand+gun=handgun shot+gun=shotgun crow+bar=crowbar un+conscious=unconscious \
    up+stairs=upstairs down+stairs=downstairs to+night=tonight x+bow=crossbow cross+bow=crossbow help+me=helpme help+us=helpme";

/// Short words that are drawn out when shouted.
pub(super) const COMMON: &str = "\
    come fire gun he hello help hes no now please quick she so stop yes";

/// Words that end in -in and have lost no letter.
pub(super) const AS_THEY_ARE: &str = "\
    aspirin assassin attain bargain begins berlin bulletin cabin captain catherin catkin certain chaplain coffin complain contain cousin curtain \
    detain dolphin dublin explain fountain hairpin herein heroin insulin login maintain margin martin merlin mountain muffin napkin obtain origin \
    paraffin penguin plugin puffin pumpkin refrain remain resin retain sprain strain sustain terrain therein uncertain unchain vermin villain violin \
    vitamin warfarin welcomin within";

/// Words that tell of danger, and are still meant when a letter is wrong.
pub(super) const KEYS: &str = "\
    abducted abusing ambulance armed asthma attacked attacking beating bleeding blood breathe breathing choking collapsed crashed crossbow crowbar \
    dangerous dementia diabetic drowning dying emergency epileptic explosion fainted fire firearm flames fuel gun hammer handgun hanging help hiding \
    hitting hostage hurting hypothermia immediately inhaler injured insulin intruder kicking kidnapped kill killed killing knife knives ledge machete \
    matches medication motorway overdose overdosed paracetamol paramedic petrol pistol please poisoned police punching quick quickly railway raped \
    raping reservoir rifle river scared screaming seizure shooting shotgun smoke smothering stabbed stabbing strangled strangling stroke suffocating \
    suicidal suicide tablets terrified threatened threatening tonight trapped unconscious unresponsive urgent urgently violent weapon";

/// Words that are near one of those and mean themselves.
pub(super) const ORDINARY: &str = "\
    abused accusing after aimed alarmed ambulances ambulatory amusing arced armband armchair armer armies armoured armrest attached attaches attack \
    attacker attackers attacks baiting banging bathing bating beaching beading bearing beaten bedding being betting biding bikini bill biting bitting \
    blames bleached bleating bleed bleeds blending blocked blooded bloods bloody bloom blooms boating bonfire breaching breaking breath breathed \
    breather breeding brick brood broods broom cables caked causing changing charging checking chilled chokes choosing citing claims clicking closing \
    collapse collapses cooking crash crashes crashing creaming crossbar crossbows crushed curling cutting dammer danger dangerously dangers deafening \
    diabetes diner dining dire diver diving doing dose doses dragging draining drawing dreaming drilled driver drivers driving dropped drown drowned \
    drying duel duping during dyeing eating emergencies epilepsy exploded explosions explosive fables faced faded fainter fainting farmed feeding feel \
    fell fiddling filing fill filling film find fine fired fires firm firms fished fitted fitting five fixing flagged flame flamed flood flooded \
    floods footing fore framed frames fried fuelled fuels full gables gaping getting giver going gunned guns gutting halting hammered hammerhead \
    hammers hammock hamper hampered handing hangings hankering harmed hating haunting having heading heal healing healthy heap heaping hearing heating \
    heaving hedge hedges heeding heel heels held hell helped helper helping helps hemp herding hidden hides hikes hiking hill hinged hinting hire \
    hiring hitched holding hopping hostages hosting housing huffing hugging humming hunting hurling inhale inhaling injure injures injuries injury \
    insulate insulting intruders jumping jutting kelp kicked kidnap kidnapping kids killer killings kills kiln kindly kisses kite kiting kitting knee \
    kneed knew knifed knifing knight knit knitting know known latches leaded ledger ledges letting life liver living lodge looking losing lying \
    machetes making marched marches matched matching medications meditation meeting mending mill missed missing motorbike motorways moving musing \
    named needing night nine nursing nutting overdone overdue packing painting papering paramedics parking patrol patrols petrel petroleum petting \
    picking pill pilled pissed pissing pistols places plane planes planned plans played pleading pleads pleas pleased pleases pleasure pledge plumes \
    poised poison poisoning poisonous policed policeman policemen polices policy polite posting praising punched punches purchasing pushing putting \
    quack quiche quicker quickest quiet quietly quill quit quite quiz raced racing ragged railways rainway raised raising raking ramping ranged \
    ranging rapid rapped rapping rapport rasping rated rating raving reading reaping replace reserved reserves reservoirs rides ridge riding rifles \
    riling ripped rising riven rivers rivet rotting rutting scarcely scare scarfed scarred scarves scored scream screamed screams screening seating \
    seeding seizures setting shaking shirking shocking shooing shootings shoots shopping shore short shorting shotguns shots shout shouted shouting \
    shoving showing siding siting sitting skilled slabbed sledge smocks smoked smoker smokes smokey smoking snared sneaking soaring soccer solid \
    sorting speaking speeding spoke spoken spokes stab stabbings stable stables stabs staffing stained stalking stammed stamping standing staying \
    steaming steamy stocking stoke stoked stokes strangle strangler stranglers stream streaming streams strike stringing stripe stripping stroked \
    strokes strolling struggled struggling stubbed sucking suffocate swife table tabled tables tablet talking taping tapped tapping taunting terrific \
    threaten threatens threats tiding tiling till tire tonights tonne toying trabbed tracked trained tramped trampled trapper trapping tribbed trick \
    tripped tripping trying turned tutting uninjured urgency urging using vape vaping vibrant villages violence violet waiting walking warmed weapons \
    wedge wedges weeding wetting widening wife will willed wire wiring wrapped writing yelp";
