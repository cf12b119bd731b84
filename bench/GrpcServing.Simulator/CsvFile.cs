using System.Globalization;

namespace GrpcServing.Simulator;

/// <summary>A small CSV of numbers with a fixed header. Every complaint names the file and the line.</summary>
internal static class CsvFile
{
    /// <returns>Line number in the file and the values, in the order of the header.</returns>
    public static IEnumerable<(int Line, double[] Values)> Read(string path, string header)
    {
        if (!File.Exists(path)) throw new InputException($"{path}: no such file; expected a CSV with the header '{header}'.");
        var columns = header.Split(',');
        var number = 0;
        foreach (var line in File.ReadLines(path))
        {
            number++;
            var text = line.Trim();
            if (number == 1)
            {
                CheckHeader(path, text.TrimStart('\uFEFF'), header);
                continue;
            }
            if (text.Length == 0) continue;
            var cells = text.Split(',');
            if (cells.Length != columns.Length)
                throw new InputException($"{path}:{number}: expected {columns.Length} values ({header}), found {cells.Length} in '{text}'.");
            var values = new double[cells.Length];
            for (var i = 0; i < cells.Length; i++)
            {
                if (!double.TryParse(cells[i], NumberStyles.Float, CultureInfo.InvariantCulture, out values[i]) || !double.IsFinite(values[i]))
                    throw new InputException($"{path}:{number}: {columns[i]} must be a number, found '{cells[i]}'.");
            }
            yield return (number, values);
        }
        if (number == 0) throw new InputException($"{path}:1: the file is empty; expected the header '{header}'.");
    }

    private static void CheckHeader(string path, string found, string expected)
    {
        var names = found.Split(',').Select(static name => name.Trim()).ToArray();
        if (names.SequenceEqual(expected.Split(','))) return;
        var missing = expected.Split(',').Except(names).ToArray();
        throw new InputException(missing.Length > 0
            ? $"{path}:1: expected the header '{expected}', found '{found}': {string.Join(", ", missing)} missing."
            : $"{path}:1: expected the header '{expected}' in this order, found '{found}'.");
    }
}
