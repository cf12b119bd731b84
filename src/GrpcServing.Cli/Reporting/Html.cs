using System.Net;
using System.Text;

namespace GrpcServing.Reporting;

/// <summary>Writes HTML: text is always encoded, markup never comes from data.</summary>
internal sealed class Html
{
    private readonly StringBuilder _page = new();

    /// <summary>Markup of our own.</summary>
    public Html Raw(string markup)
    {
        _page.Append(markup);
        return this;
    }

    /// <summary>Words and numbers from anywhere.</summary>
    public Html Text(string text)
    {
        _page.Append(WebUtility.HtmlEncode(text));
        return this;
    }

    /// <param name="attributes">Markup of our own, for example <c>class="num"</c>; "" for none.</param>
    public Html Element(string tag, string text, string attributes = "")
    {
        Open(tag, attributes).Text(text);
        return Close(tag);
    }

    public Html Open(string tag, string attributes = "")
    {
        _page.Append('<').Append(tag);
        if (attributes.Length > 0) _page.Append(' ').Append(attributes);
        _page.Append('>');
        return this;
    }

    public Html Close(string tag)
    {
        _page.Append("</").Append(tag).Append(">\n");
        return this;
    }

    /// <summary>A table; cells that hold a number are set apart by the columns named numeric.</summary>
    /// <param name="columns">Headings; one that ends in '#' is a column of numbers.</param>
    public Html Table(ReadOnlySpan<string> columns, IEnumerable<string[]> rows)
    {
        Raw("<div class=\"scroll\">").Open("table").Open("thead").Open("tr");
        foreach (var column in columns) Element("th", column.TrimEnd('#'), Alignment(column));
        Close("tr").Close("thead").Open("tbody");
        foreach (var row in rows)
        {
            Open("tr");
            for (var i = 0; i < row.Length; i++) Element("td", row[i], Alignment(columns[i]));
            Close("tr");
        }
        return Close("tbody").Close("table").Close("div");
    }

    public override string ToString() => _page.ToString();

    private static string Alignment(string column) => column.EndsWith('#') ? "class=\"num\"" : "";
}
