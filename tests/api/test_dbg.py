import pytest
from tests.flows import *
from tests import flows
pytestmark = pytest.mark.django_db
def test_x(api,data_dirs):
    flows.add_template(data_dirs.templates, flows.DESK, name="desk")
    flows.add_template(data_dirs.templates, flows.COUNTED, name="counted", counted_csv=flows.COUNTED_CSV)
    for t in ("nyc-departures",):
        run=make_run(api,t); make_capture(api,run["runId"])
        rep=post_replay(api,run["runId"],"telemetry").json()
        print(t, rep["provenance"])
        a={e["seriesId"]:e["hash"] for e in api.get(f"/v1/runs/{run['runId']}/index").json()["items"]}
        b={e["seriesId"]:e["hash"] for e in api.get(f"/v1/runs/{rep['runId']}/index").json()["items"]}
        print(set(a)^set(b))
        for k in a:
            if k in b and a[k]!=b[k]:
                print(k, api.get(f"/v1/runs/{run['runId']}/series/{k}").json()["values"], api.get(f"/v1/runs/{rep['runId']}/series/{k}").json()["values"])
        print(rep["warnings"])
    assert 0
