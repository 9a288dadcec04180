"""Text that has led out of directories elsewhere: by dots, encodings, separators, roots, devices and length."""

from pathlib import Path


def traversals(outside: Path) -> list[str]:
    """Every payload; ``outside`` is the real place that must not be reached."""
    return [
        "..",
        ".",
        "../outside",
        "../outside/secret.csv",
        "../../outside/secret.csv",
        "../../../outside/secret.csv",
        "../../../../outside/secret.csv",
        "a/../../outside/secret.csv",
        "....//outside/secret.csv",
        "%2e%2e",
        "%2e%2e%2foutside%2fsecret.csv",
        "%252e%252e%252foutside%252fsecret.csv",
        "..%2foutside%2fsecret.csv",
        "..%c0%afoutside%c0%afsecret.csv",
        "?x=../outside/secret.csv",
        "manifest.json?../../outside/secret.csv",
        "#../../outside/secret.csv",
        "manifest.json#/../../outside/secret.csv",
        ";/../../outside/secret.csv",
        "manifest.json;../outside",
        str(outside / "secret.csv"),
        f"/{outside}/secret.csv",
        f"file://{outside}/secret.csv",
        f"file:{outside}/secret.csv#value",
        "/etc/passwd",
        "/proc/self/environ",
        "..\\outside\\secret.csv",
        "C:\\outside\\secret.csv",
        "\\\\host\\share",
        "\0",
        "../outside/secret.csv\0.csv",
        "manifest.json\0",
        "x" * 3000,
        "../" * 1000 + "etc/passwd",
        "CON",
        "nul.csv",
        "COM1",
        "lpt9.json",
        "e\u0301",
        "．．／outside／secret.csv",
        "\u2024\u2024/outside/secret.csv",
        "\u202egnp.exe",
        "~root",
        ".staging",
        "-rf",
        "--help",
        "run\r\nX-Injected: 1",
        "${run_id}",
        "{{ 7 * 7 }}",
        "a'; DROP TABLE runs_run; --",
    ]


def in_turn(payloads: list[str], turn: int, of: int) -> list[str]:
    """A share of the payloads: over ``of`` places next to one another every one is tried."""
    return payloads[turn % of :: of]
