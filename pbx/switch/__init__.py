"""The call engine: a pure machine that turns (event, now) into effects and the next deadline.

Read it in this order: `route`, `router` and `feature` (where a call goes), `leg` (one party), `bridge`
(who hears whom), `call` (what one attempt gives rise to) with `renegotiation` (a change of its audio),
`media` (the audio that is wanted), `desk` and `switch` (what holds it together), `events` and `causes`
(what it tells).
"""
