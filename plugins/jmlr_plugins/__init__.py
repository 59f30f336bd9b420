"""The plugins that come with jmlr, registered the way anybody's are."""

from jmlr_cli.hookspecs import hookimpl


@hookimpl
def jmlr_retrievers(register):
    home = "jmlr_plugins.retrievers"
    register("bm25", f"{home}.bm25.retriever:BM25Retriever", "Okapi BM25 over words; needs no model")
    register("dense", f"{home}.dense.retriever:DenseRetriever", "one vector a passage from any sentence encoder, in faiss")
    register("colbert", f"{home}.colbert.retriever:ColBERTRetriever", "late interaction: one vector a token, MaxSim")
    register("qdrant", f"{home}.qdrant.retriever:QdrantRetriever", "a colbert or dense index on a qdrant server")
    register("hybrid", f"{home}.combined.hybrid:HybridRetriever", "other retrievers fused, by rank or by score")
    register("rerank", f"{home}.combined.rerank:RerankRetriever", "another retriever, re-ranked by a cross-encoder")


@hookimpl
def jmlr_generators(register):
    home = "jmlr_plugins.generators"
    register("causal-lm", f"{home}.causal_lm:CausalLMGenerator", "any Hugging Face decoder, with its chat template if it has one")
    register("llama2", f"{home}.llama2:Llama2Generator", "Llama 2 with the paper's prompt")
    register("meditron", f"{home}.meditron:MeditronGenerator", "Meditron with its own prompt")
    register("openai", f"{home}.openai:OpenAIGenerator", "any OpenAI-compatible server; answers, does not train")


@hookimpl
def jmlr_objectives(register):
    home = "jmlr_plugins.objectives"
    register("llm-rank", f"{home}.llm_rank:LLMRank", "the paper's pairwise loss: rank passages as the LLM's answer NLL does")
    register("kl", f"{home}.kl:KLDistillation", "KL between retriever and LLM preferences (REPLUG-LSR, Atlas's PDist)")
    register("emdr2", f"{home}.emdr2:EMDR2", "marginal likelihood of the answer over the drawn passages")
    register("rag-sequence", f"{home}.rag_sequence:RAGSequence", "one marginal likelihood that trains both models (RAG-Sequence)")


@hookimpl
def jmlr_tasks(register):
    home = "jmlr_plugins.tasks.hub"
    register("sample", "jmlr_plugins.tasks.sample:Sample", "the questions that ship, on the guideline pages that ship")
    register("medqa", f"{home}:MedQA", "USMLE questions, four options")
    register("medmcqa", f"{home}:MedMCQA", "Indian medical entrance questions, four options")
    register("mmlu-medical", f"{home}:MMLUMedical", "the six medical subsets of MMLU")
    register("pubmedqa", f"{home}:PubMedQA", "yes/no/maybe questions on PubMed abstracts")
    register("bioasq", "jmlr_plugins.tasks.own_copy:BioASQ", "BioASQ's yes/no questions, from a file of yours")
    register("amboss", "jmlr_plugins.tasks.own_copy:Amboss", "AMBOSS's USMLE questions, from a file of yours")


@hookimpl
def jmlr_readers(register):
    home = "jmlr_plugins.readers"
    register("text", f"{home}.text:TextReader", ".txt")
    register("markdown", f"{home}.markdown:MarkdownReader", ".md, .markdown")
    register("html", f"{home}.html:HTMLReader", ".html, .htm")
    register("pdf", f"{home}.pdf:PDFReader", ".pdf")
    register("jsonl", f"{home}.jsonl:JSONLinesReader", ".jsonl with _id, title, text (BEIR)")
    register("tsv", f"{home}.tsv:TSVReader", ".tsv: id, text[, title] (ColBERT's collection)")
