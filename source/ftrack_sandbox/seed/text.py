"""Words of the studio, as people really type them: careless, in their own languages, hostile to file formats.

Everything that breaks exporters is in here on purpose: separators, quotes, line breaks, what a
spreadsheet takes for a formula or a number, what a browser takes for markup, what the query
language takes for its own words.
"""

#: Names of contexts, each found once in the feature show (and once again in each further copy).
ODD_NAMES = (
    "Lüneburger Heide – Straße",
    "灯台",
    "おばあちゃんの家",
    "Rock 🪨 hero",
    "👩🏽‍🚀 astronaut",
    'Prop, "lantern", broken',
    "It's O'Brien's boat",
    "=SUM(A1:A9)",
    "+49 40 5550100",
    "-crowd",
    "@home",
    "\tTabbed",
    "007",
    "1e5",
    "0012500",
    " leading blank",
    "trailing blank ",
    "two  blanks",
    "<script>alert(1)</script>",
    "&amp; Söhne <b>bold</b>",
    "100% wet",
    "under_score",
    "back\\slash",
    "semi;colon",
    "pipe|d",
    "slash / inside",
    "a limit 3 b offset 2",
    "none",
    "True",
    "{name} %s $HOME",
    "CON",
    "Ąžuolas ❄ Ελληνικά русский العربية",
    "e\u0301tude (combining)",
    "étude (precomposed)",
    "zero\u200bwidth",
    "Two\nlines",
    "LIGHTHOUSE",
    "lighthouse",
    "extremely long name "
    + "of a crowd simulation cache for the harbour at dusk, third attempt " * 3
    + "end",
)

#: Descriptions; None and the empty text are both really there.
DESCRIPTIONS = (
    None,
    None,
    "",
    "Match the plate, keep the grain.",
    "Kamera hält, Figur läuft durchs Bild – bitte Füße prüfen.",
    "背景をもう少し暗く。",
    "Hold 12 frames, then whip pan.\nSecond line: watch the horizon.",
    'Client calls this one "the kiss", everyone else calls it shot 12.',
    "Rain, wind, spray; sim cache is shared with the next shot",
    '=HYPERLINK("http://example.com","see here")',
    "+2 stops in the window",
    "-see mail from Friday",
    "@tom: ask for the HDRI first",
    "0042",
    "Windows\r\nline ends",
    "Ends with a blank ",
    "Final? 🎬🔥",
    "C:\\jobs\\plates\\sh010, /mnt/jobs/plates/sh010",
    "<script>alert('description')</script>",
    "Long note: " + "keep the edges soft where the fog meets the water, and " * 12 + "that is all.",
)

#: What notes say.
NOTES = (
    "Looks good, one frame pop at the end.",
    "Kanten flimmern rechts oben, sonst schön.",
    "もう一度お願いします。",
    "Approved! 🎉",
    'Please read "edges" in the wiki, then try again',
    "Please check:\n- roto of the hand\n- grain\n- black level, again",
    "=CMD()",
    "-1 stop",
    "@client: new version tomorrow",
    "Less blue;more green,less of both",
    "<script>alert(2)</script> was in the slate?!",
    "007 of 010 done",
    "Können wir den Schatten 10% weicher machen?",
)

#: What comes back.
REPLIES = ("Done, see the next version.", "Wird gemacht.", "了解です 👍", "Which frame?\n1043?", "No.")

#: What people write beside their hours.
WORK = (
    "",
    "",
    "dailies and fixes",
    "Retake nach Sichtung",
    "レンダー待ち",
    "farm was down, again",
    "=8*3600",
)

#: Comments of published versions.
COMMENTS = (
    "",
    "first pass",
    "Fixed the edges, Farbe angepasst",
    "修正版",
    'with "film grain", for review',
    "retimed\nand regraded",
    "=version",
    "v1 of the new plate 🎞",
)

#: Assets the studio builds: name -> type key.
BUILDS = {
    "Captain": "character",
    "Fräulein Möwe": "character",
    "Old Man": "character",
    "Detective": "character",
    "Dragon 龍": "character",
    "Lantern": "prop",
    "Rowing Boat": "prop",
    "Typewriter": "prop",
    "Schlüssel": "prop",
    "Broken Mask": "prop",
    "Lighthouse": "environment",
    "Harbour": "environment",
    "Kitchen": "environment",
    "Steilküste": "environment",
    "Floating Temple": "environment",
}
