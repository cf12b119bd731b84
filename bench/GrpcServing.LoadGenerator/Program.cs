using GrpcServing.LoadGenerator;
using GrpcServing.LoadGenerator.Comparison;

return args is [var command, .. var rest] && HarnessProgram.Commands.Contains(command)
    ? await HarnessProgram.RunAsync(command, rest).ConfigureAwait(false)
    : await LoadProgram.RunAsync(args).ConfigureAwait(false);
