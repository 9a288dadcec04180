"""Problems of the text of a document (engine §20, stage "text")."""

from flowtime.engine import Limits
from tests.engine.problems.documents import HEAD, PLAIN, Case, const, document, expr

TEXT = [
    Case("bad_encoding", "", PLAIN.encode("utf-16"), b"\xef\xbb\xbf" + PLAIN.encode()),
    Case("yaml_syntax", "", HEAD + "nodes: [", PLAIN),
    Case("yaml_multiple_documents", "", PLAIN + "---\n" + PLAIN, "---\n" + PLAIN + "...\n"),
    Case(
        "yaml_tag",
        "nodes[0].value",
        HEAD + "nodes: [{id: a, kind: const, value: !!float 1}]\n",
        HEAD + "nodes: [{id: a, kind: const, value: 1, unit: '!!float 1'}]\n",
    ),
    Case(
        "yaml_merge_key",
        'nodes[0]["<<"]',
        HEAD + "nodes: [{id: a, kind: const, value: 1, <<: {unit: x}}]\n",
        PLAIN + "provenance: {'<<': text}\n",
    ),
    Case("duplicate_key", "mode", PLAIN + "mode: simulation\nmode: simulation\n", PLAIN),
    Case(
        "duplicate_key",
        "nodes[2].series_kind",
        document(expr("x", "a", seriesKind="flow", series_kind="flow")),
        document(expr("x", "a", series_kind="flow")),
    ),
    Case(
        "limit_exceeded",
        "nodes",
        document(const("c")),
        document(),
        limits=Limits(max_nodes=2),
    ),
    Case(
        "limit_exceeded",
        '["x-a"]',
        PLAIN + "x-a: &x [1]\nx-b: 2\n".replace("&x [1]", "'" + "y" * 20_001 + "'"),
        PLAIN + "x-a: &x [1]\n",
    ),
]
