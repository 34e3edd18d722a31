"""The filters of the dead letters' page: from an address to a selection, and back."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from urllib.parse import urlencode

from django import forms
from django.utils import timezone

from actors.dead_letters import Selection
from actors.dead_letters.pages import Place
from actors.models import DeadLetter

#: Parts of the address that choose letters; `before` only says which page of them.
CHOOSING = ("state", "cause", "actor", "queue", "since", "until", "q")

_STATES = [("", "not sent again"), (DeadLetter.State.REQUEUED, "sent again")]
_CAUSES = [("", "any cause"), *DeadLetter.Cause.choices]


class Filters(forms.Form):
    """What a person filters by. `as_of`: nothing that failed later is meant."""

    state = forms.ChoiceField(choices=_STATES, required=False, label="State")
    cause = forms.ChoiceField(choices=_CAUSES, required=False, label="Cause")
    actor = forms.CharField(
        required=False,
        max_length=255,
        label="Actor",
        widget=forms.TextInput(attrs={"list": "known-actors", "placeholder": "name, or beg*"}),
    )
    queue = forms.CharField(
        required=False,
        max_length=255,
        label="Queue",
        widget=forms.TextInput(attrs={"list": "known-queues"}),
    )
    since = forms.DateField(
        required=False, label="Failed from", widget=forms.DateInput(attrs={"type": "date"})
    )
    until = forms.DateField(
        required=False, label="to", widget=forms.DateInput(attrs={"type": "date"})
    )
    q = forms.CharField(
        required=False,
        max_length=300,
        label="Search",
        widget=forms.TextInput(
            attrs={"type": "search", "placeholder": "an id, or part of an error"}
        ),
    )
    before = forms.CharField(required=False, widget=forms.HiddenInput)
    as_of = forms.DateTimeField(required=False, widget=forms.HiddenInput)

    def selection(self, ids: tuple[str, ...] = ()) -> Selection:
        """Return what the filters mean, once they are known to be valid."""
        told = self.cleaned_data
        text, state = told.get("q") or "", told.get("state") or DeadLetter.State.DEAD
        if text and not ids:
            found = DeadLetter.objects.filter(pk=text).values_list("state", flat=True).first()
            if found is not None:
                return Selection(state=found, ids=(text,))
        return Selection(
            state=str(state),
            actor=told.get("actor") or "",
            queue=told.get("queue") or "",
            cause=told.get("cause") or "",
            error=text,
            since=_midnight(told["since"]) if told.get("since") else None,
            until=self._until(),
            ids=ids,
        )

    def place(self) -> Place | None:
        """Return where the page begins; None: with the latest."""
        at, _, pk = (self.cleaned_data.get("before") or "").partition(",")
        try:
            moment = datetime.fromisoformat(at)
        except ValueError:
            return None
        return (moment, pk) if timezone.is_aware(moment) and "\0" not in pk else None

    def query(self, **more: str) -> str:
        """Return the address's part that says the same; `more` is added."""
        told = {name: str(value) for name in CHOOSING if (value := self.cleaned_data.get(name))}
        return urlencode(told | more)

    def _until(self) -> datetime | None:
        day, as_of = self.cleaned_data.get("until"), self.cleaned_data.get("as_of")
        ends = [_midnight(day + timedelta(days=1)) - timedelta(microseconds=1)] if day else []
        return min([*ends, as_of] if as_of else ends, default=None)


def place_text(place: Place) -> str:
    """Return a place as `before` takes it."""
    return f"{place[0].isoformat()},{place[1]}"


def _midnight(day: datetime) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))
