"""Runs inside the virtual environment that has pySigma: converts every rule, with every pipeline, and says what came of it as JSON.

    sigma_convert.py FOLDER
"""
import json
import pathlib
import sys

from sigma.backends.elasticsearch import LuceneBackend
from sigma.backends.splunk import SplunkBackend
from sigma.backends.sqlite import sqliteBackend
from sigma.collection import SigmaCollection
from sigma.plugins import InstalledSigmaPlugins
from sigma.processing.pipeline import ProcessingPipeline
from sigma.validation import SigmaValidator

NEEDS_NETWORK = {"attacktag", "atlas_tag", "d3_fendtag", "d3fendtag"}  # these ask a server for what MITRE has


def main():
    folder = pathlib.Path(sys.argv[1])
    paths = sorted(folder.glob("smtp_tls_*.yml"))
    rules = SigmaCollection.load_ruleset([str(path) for path in paths])
    known = InstalledSigmaPlugins.autodiscover().validators
    validator = SigmaValidator([v for name, v in known.items() if name not in NEEDS_NETWORK])
    out = {"issues": [str(issue) for issue in validator.validate_rules(iter(rules))], "queries": {}}
    for name, backend, pipeline in (("sqlite", sqliteBackend, "postwacht_pipeline"), ("lucene", LuceneBackend, "postwacht_pipeline"),
                                    ("lucene, ECS", LuceneBackend, "postwacht_pipeline_ecs"), ("sqlite, ECS", sqliteBackend, "postwacht_pipeline_ecs"),
                                    ("splunk", SplunkBackend, "postwacht_pipeline_splunk")):
        if not (folder / (pipeline + ".yml")).exists():
            continue
        with_names = backend(ProcessingPipeline.from_yaml((folder / (pipeline + ".yml")).read_text(encoding="utf-8")))
        for path in paths:
            one = SigmaCollection.load_ruleset([str(path)])
            out["queries"].setdefault(path.stem, {})[name] = with_names.convert(one)[0]
    json.dump(out, sys.stdout)


if __name__ == "__main__":
    main()
