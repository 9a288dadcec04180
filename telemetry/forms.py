"""The form that asks for telemetry: where it goes, and what becomes of values that are not there."""

from typing import Any

from django import forms

from telemetry.models import Capture


class CaptureForm(forms.Form):
    """What the telemetry panel of a run sends. The service judges the key."""

    captureKey = forms.CharField(required=False, max_length=128)  # noqa: N815
    nan = forms.ChoiceField(required=False, choices=Capture.Nan.choices)
    gaps = forms.ChoiceField(required=False, choices=Capture.Gaps.choices)
    overwrite = forms.BooleanField(required=False)

    def options(self) -> dict[str, Any]:
        """Keyword arguments of ``services.request_capture``; what cannot be read is as if it were not there."""
        self.is_valid()
        asked = self.cleaned_data
        return {
            "capture_key": asked.get("captureKey") or None,
            "nan": asked.get("nan") or Capture.Nan.KEEP,
            "gaps": asked.get("gaps") or Capture.Gaps.KEEP,
            "overwrite": asked.get("overwrite", False),
        }
