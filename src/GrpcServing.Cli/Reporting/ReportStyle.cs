namespace GrpcServing.Reporting;

/// <summary>The style sheet of a report: light and dark by the reader's system, and for paper.</summary>
internal static class ReportStyle
{
    public const string Css = """
        :root{--ink:#1c2430;--quiet:#5d6a7b;--line:#d7dde5;--page:#f5f7fa;--card:#fff;--primary:#5a6b80;--candidate:#2563c9;--good:#187a43;--bad:#c2331f;--open:#8a6100;color-scheme:light dark}
        @media (prefers-color-scheme:dark){:root{--ink:#e4e9f0;--quiet:#98a5b6;--line:#35404f;--page:#12171e;--card:#1a212b;--primary:#a3b2c5;--candidate:#6ba3ff;--good:#4fc284;--bad:#ff7b66;--open:#e0b24c}}
        *{box-sizing:border-box}
        body{margin:0;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
        main{max-width:1160px;margin:0 auto;padding:28px 20px 60px}
        h1{font-size:44px;line-height:1.1;margin:2px 0 4px;letter-spacing:-.01em}
        h2{font-size:19px;margin:0 0 2px}
        p{margin:4px 0}
        header,section,.tiles>div{background:var(--card);border:1px solid var(--line);border-radius:10px}
        header{padding:20px 24px;border-left:8px solid var(--open)}
        header.pass{border-left-color:var(--good)}header.pass h1{color:var(--good)}
        header.fail{border-left-color:var(--bad)}header.fail h1{color:var(--bad)}
        header.undecided h1{color:var(--open)}
        section{padding:18px 22px 22px;margin-top:16px}
        .quiet{color:var(--quiet);font-size:13px}
        .warn{color:var(--bad);font-weight:600}
        .tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(180px,1fr));gap:12px;margin:12px 0}
        .tiles>div{padding:12px 16px;display:flex;flex-direction:column}
        .tiles strong{font-size:25px;line-height:1.25;font-variant-numeric:tabular-nums}
        .scroll{overflow-x:auto}
        table{border-collapse:collapse;width:100%;margin-top:10px;font-size:14px;font-variant-numeric:tabular-nums}
        header~.scroll{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:4px 14px 10px}
        th,td{text-align:left;padding:6px 10px;border-bottom:1px solid var(--line);white-space:nowrap}
        th{color:var(--quiet);font-weight:600}
        .num{text-align:right}
        .matrix{width:auto}.matrix th,.matrix td{text-align:center;min-width:48px;border:1px solid var(--line)}
        .matrix .same{color:var(--quiet)}
        .figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(420px,1fr));gap:14px;margin-top:12px}
        figure{margin:0;min-width:0}figure svg{width:100%;height:auto}figcaption{color:var(--quiet);font-size:13px;text-align:center}
        figcaption i{display:inline-block;width:14px;height:8px;border-radius:2px;margin:0 5px 1px 14px}
        .cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(250px,1fr));gap:12px;margin-top:12px}
        article{border:1px solid var(--line);border-radius:8px;padding:12px;overflow:hidden}
        .pixels{width:96px;height:96px;border:1px solid var(--line);border-radius:4px}
        details{font-size:13px;margin:2px 0}summary{color:var(--quiet);cursor:pointer}
        code,pre{font:12px/1.5 ui-monospace,monospace;overflow-wrap:anywhere}
        pre{background:var(--page);border:1px solid var(--line);border-radius:8px;padding:12px;max-height:340px;overflow:auto}
        @media print{body{background:#fff}main{max-width:none;padding:0}section,header,figure,article,tr{break-inside:avoid}pre{max-height:none}}
        """;
}
