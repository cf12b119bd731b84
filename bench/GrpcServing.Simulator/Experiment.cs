namespace GrpcServing.Simulator;
internal static class Experiment
{
    // opts loads processes n seeds policies slackms executors rows
    public static void Run(string[] a)
    {
        var o = a.Skip(1).Select(s => s.Split('=', 2)).ToDictionary(s => s[0], s => s[1]);
        string G(string k, string d) => o.GetValueOrDefault(k, d);
        var prof = G("p", "r50") switch
        {
            "r50" => Profile.Linear(.001082, .005204, 64),
            "zero" => Profile.Linear(.0962, 0, 8),
            "flat" => Profile.Linear(.00003, .015, 32),
            "step" => new Profile([.. Enumerable.Range(1, 32).Select(b => (b, .004 + .003 * ((b + 3) / 4)))]),
            "cliff" => new Profile([(1, .01639), (2, .02071), (4, .02988), (8, .04791), (9, .4), (16, .681)]),
            "v100" => new Profile([(1, .00273), (2, .00405), (4, .00588), (8, .00993), (16, .01733)]),
            "yolo" => new Profile([(1, .01639), (2, .02071), (4, .02988), (8, .04791), (16, .08513)]),
            "bertc" => new Profile([(1, .05037), (2, .04651), (4, .0423), (8, .04013), (16, .0613)]),
            "ampr50" => new Profile([(1, .03262), (2, .0566), (4, .09492), (8, .1474)]),
            "tiny" => Profile.Linear(.0000108, .000052, 64),
            "ms" => Profile.Linear(.0001082, .0005204, 64),
            _ => Profile.Read(G("p", "")),
        };
        var slacks = G("L", "25").Split(',').Select(s => double.Parse(s) / 1000).ToArray();
        var rows = G("rows", "1").Split(',').Select(int.Parse).ToArray();
        var ex = int.Parse(G("ex", "1"));
        var L = slacks.Average();
        double lam = 0;
        for (var b = 1; b <= prof.MaxRows; b++) if (2 * prof.Ticks(b) / 1e9 <= L || b == 1) lam = Math.Max(lam, b / (prof.Ticks(b) / 1e9));
        lam = lam * ex / rows.Average();
        var n = int.Parse(G("n", "12000"));
        var seeds = int.Parse(G("s", "2"));
        var pols = G("pol", "all") == "all" ? PolicyRun.Names : G("pol", "").Split(',');
        Console.WriteLine($"lambda* {lam:F1}   " + string.Join(" ", pols.Select(x => x.Length > 9 ? x[..9].PadLeft(9) : x.PadLeft(9))) + "       OPT  ratio  us/p99/share99");
        foreach (var pr in G("proc", "Poisson").Split(','))
            foreach (var load in G("load", "0.7,0.9,1.0,1.2,2.0").Split(',').Select(double.Parse))
            {
                var on = new double[pols.Length];
                double opt = 0; string extra = "";
                for (var s = 0; s < seeds; s++)
                {
                    var t = new Workload((ulong)(s + 1 + int.Parse(G("seed0", "0")))).Create(Enum.Parse<ArrivalProcess>(pr, true), lam * load, n, slacks, rows);
                    if (slacks.Length == 1 && rows.Length == 1 && ex == 1) opt += (double)Optimum.Solve(prof, t) / n / seeds;
                    Parallel.For(0, pols.Length, new ParallelOptions { MaxDegreeOfParallelism = 2 }, i =>
                    {
                        var r = new PolicyRun(prof, t, ex, 1, TimeProvider.System).Run(pols[i]);
                        on[i] += r.OnTimeFraction / seeds;
                        if (pols[i] == "deadline") extra = $"{r.DecisionMicroseconds.DefaultIfEmpty().Average():F1}/{Outcome.Percentile(r.DecisionMicroseconds, .99):F1}/{Outcome.Percentile(r.DecisionShares, .99):P2}";
                    });
                }
                var best = on.Skip(1).DefaultIfEmpty().Max();
                Console.WriteLine($"{pr,-8}{load,4:F2}     " + string.Join(" ", on.Select(x => x.ToString("F4").PadLeft(9))) + $"  {opt,8:F4} {(opt > 0 ? on[0] / opt : 0),6:F4} {extra} {(on[0] < best - .003 ? "<<< " + (on[0] - best).ToString("F4") : on[0] > best + .003 ? "win" : "")}");
            }
    }
}
