using GrpcServing;

using var input = Console.OpenStandardInput();
return Gserve.Run(args, new CommandStreams(input, Console.Out, Console.Error));
