namespace GrpcServing.Models;

/// <summary>Order of the dimensions of an image input.</summary>
public enum ImageFormat
{
    None,
    /// <summary>Height, width, channels.</summary>
    Nhwc,
    /// <summary>Channels, height, width.</summary>
    Nchw,
}
