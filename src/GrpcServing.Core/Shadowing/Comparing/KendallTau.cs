namespace GrpcServing.Shadowing;

/// <summary>Kendall's tau-b, which ties do not distort, in O(n log n) (Knight 1966).</summary>
internal static class KendallTau
{
    /// <param name="order">Indexes of <paramref name="x"/> from largest to smallest; overwritten.</param>
    /// <returns>-1..1; NaN for fewer than two items or when one side is all ties.</returns>
    public static double Of(ReadOnlySpan<double> x, ReadOnlySpan<double> y, Span<int> order, ComparisonScratch scratch)
    {
        if (x.Length < 2) return double.NaN;
        // Within ties of x, sort by y: then no exchange is counted among them, and joint ties lie side by side.
        for (var start = 0; start < order.Length;)
        {
            var end = start + 1;
            while (end < order.Length && x[order[end]] == x[order[start]]) end++;
            if (end - start > 1) CountExchanges(y, order[start..end], scratch.Indexes(3, end - start));
            start = end;
        }
        var (tiesOfX, tiesOfBoth) = (0.0, 0.0);
        for (var start = 0; start < order.Length;)
        {
            var end = start + 1;
            while (end < order.Length && x[order[end]] == x[order[start]]) end++;
            tiesOfX += Pairs(end - start);
            tiesOfBoth += Ties(y, order[start..end]);
            start = end;
        }
        var exchanges = CountExchanges(y, order, scratch.Indexes(3, order.Length));
        var tiesOfY = Ties(y, order);
        var all = Pairs(order.Length);
        var scale = Math.Sqrt(all - tiesOfX) * Math.Sqrt(all - tiesOfY);
        return scale == 0 ? double.NaN : (all - tiesOfX - tiesOfY + tiesOfBoth - 2 * exchanges) / scale;
    }

    private static double Pairs(int count) => (double)count * (count - 1) / 2;

    /// <summary>Pairs of equal y, in an order where equal ones lie side by side.</summary>
    private static double Ties(ReadOnlySpan<double> y, ReadOnlySpan<int> order)
    {
        var ties = 0.0;
        for (var start = 0; start < order.Length;)
        {
            var end = start + 1;
            while (end < order.Length && y[order[end]] == y[order[start]]) end++;
            ties += Pairs(end - start);
            start = end;
        }
        return ties;
    }

    /// <summary>Merge sort by y from largest to smallest; returns how many pairs stood the other way round.</summary>
    private static double CountExchanges(ReadOnlySpan<double> y, Span<int> order, Span<int> buffer)
    {
        var exchanges = 0.0;
        for (var width = 1; width < order.Length; width *= 2)
        {
            for (var start = 0; start + width < order.Length; start += 2 * width)
            {
                var middle = start + width;
                var end = Math.Min(middle + width, order.Length);
                var (left, right, to) = (start, middle, start);
                while (left < middle && right < end)
                    if (y[order[left]] >= y[order[right]]) buffer[to++] = order[left++];
                    else
                    {
                        exchanges += middle - left;
                        buffer[to++] = order[right++];
                    }
                while (left < middle) buffer[to++] = order[left++];
                while (right < end) buffer[to++] = order[right++];
                buffer[start..end].CopyTo(order[start..end]);
            }
        }
        return exchanges;
    }
}
